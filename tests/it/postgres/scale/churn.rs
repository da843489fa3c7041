//! The layout of the table, and that it holds while rows are claimed, handed off and finished.

use puntual::store::{Change, Extension, LeaseChange, PostgresStore, TaskStore, WriteOutcome};
use puntual::task::{Entropy, Task, TaskState, What};
use sqlx::postgres::PgPoolOptions;

use super::super::{answer, at, claim, entry, execute};
use crate::servers::postgres::{OwnServer, Server};

const ROWS: u32 = 20_000;
const BATCH: u32 = 500;

/// Rows of about 620 bytes that are due, in the order of their due times.
const FILL: &str = "insert into {}.tasks (
        id, revision, kind, subject_kind, subject_id, person, channel, priority, dedup_key, state,
        due_at, expires_at, wake_at, unfinished_claims, attempts, created_at, updated_at,
        recipient, data, body
    )
    select
        ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 1, 'reminder', 'booking',
        n::text, 'user ' || n, 'email', 1, 'key ' || n, 'scheduled', at, at, at, 0, 0, at, at, '',
        '[]', repeat('x', 400)
    from (
        select n, to_timestamp(1800000000 + n * 0.001) as at from generate_series(1, 20000) as n
    ) as rows;";

/// All rows again, as moving their event does.
const REOPEN: &str =
    "update {}.tasks set state = 'scheduled', wake_at = due_at, finished_at = null";

#[tokio::test]
async fn no_index_mentions_what_a_claim_writes_and_pages_are_half_empty() {
    let server = Server::shared();
    let store = server.store().await;
    let indexes = "select string_agg(indexdef, e'\\n') from pg_indexes
        where schemaname = '{}' and tablename = 'tasks'";
    let indexes = answer(&store, indexes).await;
    assert_eq!(indexes.lines().count(), 5, "{indexes}");
    for column in ["state", "lease", "claims", "revision", "handed_off", "updated_at"] {
        assert!(!indexes.contains(column), "{column} is indexed:\n{indexes}");
    }
    let fill = "select split_part(reloptions[1], '=', 2) from pg_class
        where oid = '{}.tasks'::regclass and reloptions[1] like 'fillfactor=%'";
    let fill: u32 = answer(&store, fill).await.parse().unwrap();
    assert!((45..=50).contains(&fill), "pages are filled to {fill} %");
}

#[tokio::test]
async fn claims_and_hand_offs_stay_on_their_page_and_the_table_keeps_its_size() {
    // A server of its own: what is dead is tidied away only once no older transaction runs.
    let server = OwnServer::start();
    // One connection: what it wrote is counted before it asks.
    let pool = PgPoolOptions::new().max_connections(1).connect_with(server.options());
    let pool = pool.await.unwrap();
    let store = server.store_on(&pool).await;
    execute(&store, FILL).await;
    let size = heap_bytes(&store).await;
    let entropy = Entropy::seeded(1);
    for round in 0..3 {
        let (mut claims, mut others) = (Updates::default(), Updates::default());
        for _ in 0..ROWS / BATCH {
            let before = updates(&store).await;
            let request = claim(&entropy, at(100), BATCH);
            let claimed = store.claim(at(100), &request).await.unwrap().tasks;
            let between = updates(&store).await;
            finish(&store, &entropy, &claimed).await;
            claims.add(&before, &between);
            others.add(&between, &updates(&store).await);
        }
        let rows = u64::from(ROWS);
        assert_eq!(claims.all, rows, "round {round}: claims");
        // A page that two batches share is fuller when the second comes.
        let in_place = claims.in_place;
        assert!(100 * in_place >= 99 * rows, "round {round}: {in_place} claims stayed in place");
        assert_eq!(others.all, 2 * rows, "round {round}: hand-offs and outcomes");
        let (all, in_place) = (claims.all + others.all, claims.in_place + others.in_place);
        assert!(100 * in_place >= 65 * all, "round {round}: {in_place} of {all} stayed in place");
        for statement in ["vacuum {}.tasks", REOPEN, "vacuum {}.tasks"] {
            execute(&store, statement).await;
        }
    }
    let grown = heap_bytes(&store).await;
    assert!(grown <= 2 * size, "the table grew from {size} to {grown} bytes");
}

/// Hands off and records what was claimed.
async fn finish(store: &PostgresStore, entropy: &Entropy, batch: &[Task]) {
    let mark = |task: &Task| {
        let lease = task.lease.as_ref().unwrap();
        Extension::new(task.id, lease.claim, lease.until).with_hand_off()
    };
    let marks: Vec<_> = batch.iter().map(mark).collect();
    let marked = store.extend(at(101), &marks).await.unwrap();
    let sent = |(task, marked): (&Task, &WriteOutcome)| {
        let WriteOutcome::Written(revision) = marked else { panic!("{marked:?}") };
        let mut change = Change::of(task, entry(entropy, task.id, What::Sent, TaskState::Sent));
        (change.state, change.wake_at, change.expected) = (TaskState::Sent, None, *revision);
        (change.lease, change.attempts) = (LeaseChange::Clear, 1);
        change
    };
    let changes: Vec<_> = batch.iter().zip(&marked).map(sent).collect();
    let written = store.apply(at(102), &changes).await.unwrap();
    assert!(written.iter().all(|outcome| matches!(outcome, WriteOutcome::Written(_))));
}

/// How many rows were updated, and how many of them without a word to an index.
#[derive(Default)]
struct Updates {
    all: u64,
    in_place: u64,
}

impl Updates {
    fn add(&mut self, before: &Updates, after: &Updates) {
        self.all += after.all - before.all;
        self.in_place += after.in_place - before.in_place;
    }
}

async fn updates(store: &PostgresStore) -> Updates {
    execute(store, "select pg_stat_force_next_flush()").await;
    let counts = "select n_tup_upd || ' ' || n_tup_hot_upd from pg_stat_user_tables
        where schemaname = '{}' and relname = 'tasks'";
    let counts = answer(store, counts).await;
    let (all, in_place) = counts.split_once(' ').unwrap();
    Updates { all: all.parse().unwrap(), in_place: in_place.parse().unwrap() }
}

async fn heap_bytes(store: &PostgresStore) -> u64 {
    answer(store, "select pg_relation_size('{}.tasks')::text").await.parse().unwrap()
}
