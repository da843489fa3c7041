//! Opening, and what a file may do to us: damage, age, a full disk, ten processes.

use puntual::store::{
    ClaimRequest, Erase, HistoryQuery, NoteStore, NoteWrite, Quota, SqliteStore, StoreErrorKind,
    TaskFilter, TaskQuery, TaskStore, TaskStoreExt,
};
use puntual::task::{Channel, ClaimId, Entropy, PersonKey, Priority, SafeText, TaskBody, TaskData};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use super::{Files, at, reminder};

/// A connection past the store, as an operator's or another program's.
async fn connection(files: &Files) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(files.path()).create_if_missing(true);
    SqliteConnection::connect_with(&options).await.unwrap()
}

fn everything() -> TaskQuery {
    TaskQuery::new(TaskFilter::default(), 1_000)
}

#[tokio::test]
async fn a_file_opened_again_has_everything_byte_for_byte() {
    let (files, entropy) = (Files::new(), Entropy::seeded(1));
    let text =
        "🦀 \"quoted\" \\ back\\\\slash 'x' مرحبا \u{1} \u{7f} \r\n\t </script> \u{fffd}\u{2028}";
    let mut new = reminder(&entropy, "'; drop table puntual_tasks; --", at(60));
    new.data = TaskData::from_stored(text.to_owned());
    new.body = TaskBody::from_stored(format!("{text}\n{text}"));
    new.recipient = SafeText::new(text);
    new.entry.detail = Some(SafeText::new(text));
    new.event_at = Some("9999-12-31T23:59:59.999999Z".parse().unwrap());
    new.expires_at = "1970-01-01T00:00:00.000001Z".parse().unwrap();

    let store = files.store().await;
    store.insert(at(0), &[new.clone()]).await.unwrap();
    let stored = store.list(&everything()).await.unwrap();
    store.close().await;

    let store = files.store().await;
    assert_eq!(store.list(&everything()).await.unwrap(), stored);
    assert_eq!(stored.len(), 1);
    let task = &stored[0];
    assert_eq!(task.data.as_str(), text);
    assert_eq!(task.body.as_str(), new.body.as_str());
    assert_eq!(task.recipient, new.recipient);
    assert_eq!((task.event_at, task.expires_at), (new.event_at, new.expires_at));
    assert_eq!(task.subject, new.subject);
    assert_eq!(store.history_of(task.id).await.unwrap()[0].entry, new.entry);
}

#[tokio::test]
async fn what_cannot_be_opened_is_refused_with_its_reason() {
    let files = Files::new();
    let directory = files.0.path();
    std::fs::write(directory.join("letter.txt"), "Dear Jane, ".repeat(500)).unwrap();
    for (path, reason) in [
        (directory.to_path_buf(), "is a directory"),
        (directory.join("missing/reminders.db"), "there is no directory"),
        (directory.join("letter.txt"), "the file is no SQLite database"),
        (std::path::PathBuf::from(":memory:"), "in memory"),
    ] {
        let error = SqliteStore::open(&path).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Permanent, "{path:?}: {error}");
        assert!(error.to_string().contains(reason), "{path:?}: {error}");
    }
    let letter = std::fs::read_to_string(directory.join("letter.txt")).unwrap();
    assert_eq!(letter, "Dear Jane, ".repeat(500), "a foreign file stays as it was");
    assert!(!directory.join("missing").exists());
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused_and_left_alone() {
    let (files, entropy) = (Files::new(), Entropy::seeded(1));
    let store = files.store().await;
    store.insert(at(0), &[reminder(&entropy, "1", at(60))]).await.unwrap();
    let mut operator = connection(&files).await;
    sqlx::query("insert into puntual_schema_history values (7, 'of tomorrow', '9.0.0')")
        .execute(&mut operator)
        .await
        .unwrap();
    assert_eq!(store.probe().await.unwrap().schema, 7, "a running engine learns of it");
    store.close().await;

    let error = SqliteStore::open(files.path()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Permanent);
    assert!(error.to_string().contains("has schema 7"), "{error}");
    let left: i64 = sqlx::query_scalar("select count(*) from puntual_tasks")
        .fetch_one(&mut operator)
        .await
        .unwrap();
    assert_eq!(left, 1);
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_read_and_says_so() {
    let (files, entropy) = (Files::new(), Entropy::seeded(1));
    let store = files.store().await;
    store.insert(at(0), &[reminder(&entropy, "1", at(60))]).await.unwrap();
    store.close().await;

    let options = SqliteConnectOptions::new().filename(files.path()).read_only(true);
    let pool = SqlitePoolOptions::new().max_connections(2).connect_lazy_with(options);
    let store = SqliteStore::from_pool(pool).await.unwrap();
    assert_eq!(store.list(&everything()).await.unwrap().len(), 1);
    let error = store.insert(at(0), &[reminder(&entropy, "2", at(60))]).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Permanent, "{error}");
    assert!(error.to_string().contains("cannot be written"), "{error}");
    assert_eq!(store.list(&everything()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_passes() {
    let (files, entropy) = (Files::new(), Entropy::seeded(1));
    files.store().await.close().await;
    let pages: i64 = {
        let mut operator = connection(&files).await;
        sqlx::query_scalar("pragma page_count").fetch_one(&mut operator).await.unwrap()
    };
    let options = SqliteConnectOptions::new()
        .filename(files.path())
        .pragma("max_page_count", (pages + 1).to_string());
    let pool = SqlitePoolOptions::new().max_connections(2).connect_lazy_with(options);
    let store = SqliteStore::from_pool(pool).await.unwrap();
    store.insert(at(0), &[reminder(&entropy, "0", at(60))]).await.unwrap();
    let many: Vec<_> =
        (1..200).map(|booking| reminder(&entropy, &booking.to_string(), at(60))).collect();
    let error = store.insert(at(0), &many).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Transient, "{error}");
    assert!(error.to_string().contains("the disk is full"), "{error}");
    assert_eq!(store.list(&everything()).await.unwrap().len(), 1, "all or nothing");

    let quotas = vec![Quota::new(Channel::EMAIL, Priority::Normal, 9)];
    let claim = ClaimRequest::new(ClaimId::new(at(0), &entropy), at(200), quotas);
    let claimed = store.claim(at(100), &claim).await.unwrap();
    assert_eq!(claimed.tasks.len(), 1, "what needs no room goes on");
    store.close().await;

    let store = files.store().await;
    store.insert(at(0), &many).await.unwrap();
    assert_eq!(store.list(&everything()).await.unwrap().len(), 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_at_once_make_the_tables_once() {
    let files = Files::new();
    let path = files.path();
    let opened = (0..10).map(|_| tokio::spawn(SqliteStore::open(path.clone())));
    let mut stores = Vec::new();
    for opening in opened.collect::<Vec<_>>() {
        stores.push(opening.await.unwrap().unwrap());
    }
    let entropy = Entropy::seeded(1);
    for (at_store, store) in stores.iter().enumerate() {
        let new = reminder(&entropy, &at_store.to_string(), at(60));
        store.insert(at(0), &[new]).await.unwrap();
    }
    assert_eq!(stores[3].list(&everything()).await.unwrap().len(), 10);
    let mut operator = connection(&files).await;
    let steps: i64 = sqlx::query_scalar("select count(*) from puntual_schema_history")
        .fetch_one(&mut operator)
        .await
        .unwrap();
    assert_eq!(steps, 1);
}

#[tokio::test]
async fn a_file_without_tables_says_how_to_make_them() {
    let (files, entropy) = (Files::new(), Entropy::seeded(1));
    let mut operator = connection(&files).await;
    sqlx::query("create table bookings (id integer)").execute(&mut operator).await.unwrap();
    let options = SqliteConnectOptions::new().filename(files.path());
    let pool = SqlitePoolOptions::new().max_connections(2).connect_lazy_with(options);
    let store = SqliteStore::from_pool(pool).await.unwrap();
    let error = store.insert(at(0), &[reminder(&entropy, "1", at(60))]).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Permanent);
    assert!(error.to_string().contains("SqliteStore::migrate"), "{error}");
    store.migrate().await.unwrap();
    store.migrate().await.unwrap();
    store.insert(at(0), &[reminder(&entropy, "1", at(60))]).await.unwrap();
    assert_eq!(store.list(&everything()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_pool_of_one_connection_is_refused() {
    let files = Files::new();
    let options = SqliteConnectOptions::new().filename(files.path()).create_if_missing(true);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_lazy_with(options);
    let error = SqliteStore::from_pool(pool).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Permanent);
    assert!(error.to_string().contains("max_connections"), "{error}");
}

#[tokio::test]
async fn the_file_has_a_log_and_its_identity_differs_from_its_copy_s() {
    let files = Files::new();
    let store = files.store().await;
    let seal = NoteWrite::new("seal", None, Some("production".to_owned()));
    store.write_note(at(0), &seal).await.unwrap();
    let probe = store.probe().await.unwrap();
    assert_eq!(probe.seal.as_deref(), Some("production"));
    store.close().await;

    let again = files.store().await;
    assert_eq!(again.probe().await.unwrap(), probe, "the same file is the same store");
    again.close().await;

    let copy = files.0.path().join("copy.db");
    std::fs::copy(files.path(), &copy).unwrap();
    let copied = SqliteStore::open(&copy).await.unwrap().probe().await.unwrap();
    assert_eq!(copied.seal, probe.seal);
    assert_ne!(copied.identity, probe.identity);
    let mode: String = sqlx::query_scalar("pragma journal_mode")
        .fetch_one(&mut connection(&files).await)
        .await
        .unwrap();
    assert_eq!(mode, "wal");
}

#[tokio::test]
async fn an_odd_row_is_read_as_well_as_it_can_be() {
    let (files, entropy) = (Files::new(), Entropy::seeded(1));
    let store = files.store().await;
    let odd = reminder(&entropy, "1", at(60));
    let sound = reminder(&entropy, "2", at(60));
    store.insert(at(0), &[odd.clone(), sound]).await.unwrap();
    let mut operator = connection(&files).await;
    for set in [
        "state = 'teleported', kind = 'of tomorrow', channel = 'pigeon'",
        "event_at = -5, expires_at = 9223372036854775807, due_at = 253402300800000000",
        "revision = -1, attempts = -7, unfinished_claims = 99999999999, priority = 9",
        "lease_claim = x'01', lease_until = 5, recipient = cast(x'ff41' as text)",
        "last_error = 'a' || char(0) || char(10) || 'b', body = char(0), data = 'no json'",
    ] {
        let update = format!("update puntual_tasks set {set} where subject_id = '1'");
        sqlx::query(AssertSqlSafe(update)).execute(&mut operator).await.unwrap();
    }
    sqlx::query("update puntual_task_history set what = 'x', state = 'y', at = -1, lateness = 1")
        .execute(&mut operator)
        .await
        .unwrap();
    let tasks = store.list(&everything()).await.unwrap();
    assert_eq!(tasks.len(), 2);
    let task = tasks.iter().find(|task| task.id == odd.id).unwrap();
    assert_eq!(task.state, puntual::task::TaskState::Unknown);
    assert_eq!((task.kind.as_str(), task.channel.as_str()), ("of tomorrow", "pigeon"));
    assert_eq!(task.event_at, Some(puntual::time::FIRST_INSTANT));
    assert_eq!(task.expires_at, puntual::time::LAST_INSTANT);
    assert_eq!(task.due_at, puntual::time::LAST_INSTANT);
    assert_eq!((task.revision.0, task.attempts, task.unfinished_claims), (0, 0, u32::MAX));
    assert_eq!(task.recipient.as_str(), "\u{fffd}A");
    assert_eq!(store.history(&HistoryQuery::of(odd.id, 9)).await.unwrap().len(), 1);
    assert_eq!(store.stats(at(0)).await.unwrap().tasks.len(), 2);
}

#[tokio::test]
async fn a_forgotten_person_leaves_no_trace_in_the_file() {
    let (files, entropy) = (Files::new(), Entropy::seeded(1));
    let store = files.store().await;
    let canary = "canary-7c1e4b";
    let person = PersonKey::new(canary).unwrap();
    let mut tasks: Vec<_> = (0..300)
        .map(|booking| {
            let mut new = reminder(&entropy, &booking.to_string(), at(60));
            new.person = person.clone();
            new.dedup_key =
                puntual::task::DedupKey::of(&new.kind, &new.subject, &new.channel, &new.person);
            new.state = puntual::task::TaskState::Skipped;
            new.wake_at = None;
            new.body = TaskBody::from_stored(format!("head\n{}", canary.repeat(60)));
            new.data = TaskData::from_stored(format!("{canary:?}"));
            new.recipient = SafeText::new(canary);
            new.entry.detail = Some(SafeText::new(canary));
            new
        })
        .collect();
    tasks.push(reminder(&entropy, "of another", at(60)));
    for batch in tasks.chunks(50) {
        store.insert(at(0), batch).await.unwrap();
    }
    let has_canary = |path: std::path::PathBuf| {
        let bytes = std::fs::read(path).unwrap_or_default();
        bytes.windows(canary.len()).any(|window| window == canary.as_bytes())
    };
    let log = files.0.path().join("reminders.db-wal");
    assert!(has_canary(files.path()) || has_canary(log.clone()), "else it proves nothing");
    assert_eq!(store.erase(at(9), &Erase::Person(person), 1_000).await.unwrap(), 300);
    assert!(!has_canary(files.path()), "in the file");
    assert!(!has_canary(log), "in its log");
    let stats = store.stats(at(9)).await.unwrap();
    assert_eq!((stats.entries, stats.erased.tasks.values().sum::<u64>()), (1, 300));
}

#[tokio::test]
async fn a_closed_store_answers_with_an_error() {
    let (files, entropy) = (Files::new(), Entropy::seeded(1));
    let store = files.store().await;
    store.close().await;
    store.close().await;
    assert!(store.insert(at(0), &[reminder(&entropy, "1", at(60))]).await.is_err());
    assert!(store.list(&everything()).await.is_err());
}
