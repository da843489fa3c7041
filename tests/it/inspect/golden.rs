//! What `explain` says in the situations that people ask about, word by word.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use puntual::inspect::{Blocker, Obstacle};
use puntual::notify::OnUncertain;
use puntual::scheduler::{GuardAnswer, Paused};
use puntual::store::{Note, TaskFilter, TaskStore, TaskStoreExt};
use puntual::task::{Channel, Task};
use puntual::testing::{ScriptedNotifier, Step};
use puntual::{EventTime, Reminders};

use super::stage::{BOOKED, Stage, booking, phone, reminder, with_names};

/// Compares with the file of this name beside this one.
#[track_caller]
fn check(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/inspect/golden").join(name);
    let shown = format!("{}\n", with_names(text));
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(shown, expected, "\n{name} is\n{shown}");
}

#[tokio::test]
async fn sent_on_time() {
    let stage = Stage::new();
    let id = stage.book().await;
    stage.work_at("2026-07-09T12:59:59Z").await;
    stage.work_at("2026-07-09T13:00:00Z").await;
    assert_eq!(stage.email.accepted().len(), 1);
    check("sent_on_time.txt", &stage.text(id).await);
    let explained = stage.scheduler.explain(id).await.unwrap().unwrap();
    check("sent_on_time.json", &serde_json::to_string_pretty(&explained).unwrap());
}

#[tokio::test]
async fn sent_late() {
    let stage = Stage::new();
    let id = stage.book().await;
    stage.work_at("2026-07-09T13:00:00.003Z").await;
    check("sent_late.txt", &stage.text(id).await);
}

#[tokio::test]
async fn pending_not_due() {
    let stage = Stage::new();
    let id = stage.book().await;
    stage.clock.advance_to("2026-07-09T09:58:00Z");
    let running = stage.scheduler.start();
    stage.clock.run_to("2026-07-09T10:00:00Z").await;
    check("pending_not_due.txt", &stage.text(id).await);
    let explained = stage.scheduler.explain(id).await.unwrap().unwrap();
    let version = &explained.workers.as_ref().unwrap()[0].tz_version;
    let data = serde_json::to_string_pretty(&explained).unwrap().replace(version, "<version>");
    check("pending_not_due.json", &data);
    running.shutdown(Duration::ZERO).await;
}

#[tokio::test]
async fn pending_with_no_worker() {
    let stage = Stage::new();
    let id = stage.book().await;
    stage.clock.advance_to("2026-07-09T13:10:00Z");
    check("pending_no_worker.txt", &stage.text(id).await);
}

#[tokio::test]
async fn channel_paused() {
    let stage = Stage::new();
    let id = stage.book().await;
    stage.clock.advance_to("2026-07-09T12:00:00Z");
    stage.scheduler.pause(Paused::Channel(Channel::EMAIL)).await.unwrap();
    let running = stage.scheduler.start();
    stage.clock.run_to("2026-07-09T13:05:00Z").await;
    assert!(stage.email.journal().is_empty());
    check("channel_paused.txt", &stage.text(id).await);
    running.shutdown(Duration::ZERO).await;
}

#[tokio::test]
async fn breaker_open_after_the_channel_was_down() {
    let down = Step::channel_down("535 5.7.8").before_gate();
    let stage = Stage::with(ScriptedNotifier::new(Channel::EMAIL).otherwise(down), |b| b);
    let id = stage.book().await;
    stage.clock.advance_to("2026-07-09T12:59:00Z");
    let running = stage.scheduler.start();
    stage.clock.run_to("2026-07-09T13:00:20Z").await;
    check("breaker_open.txt", &stage.text(id).await);
    running.shutdown(Duration::ZERO).await;
}

#[tokio::test]
async fn retried_then_sent() {
    let busy = Step::transient("450 4.2.0").before_gate();
    let stage = Stage::with(ScriptedNotifier::new(Channel::EMAIL).then(busy), |b| b);
    let id = stage.book().await;
    stage.work_at("2026-07-09T13:00:00Z").await;
    check("retry_pending.txt", &stage.text(id).await);
    stage.work_at("2026-07-09T13:01:00Z").await;
    check("retried_then_sent.txt", &stage.text(id).await);
}

#[tokio::test]
async fn failed_for_good_with_a_fallback() {
    let gone = Step::permanent("550 5.1.1");
    let stage = Stage::with(ScriptedNotifier::new(Channel::EMAIL).then(gone), |b| b);
    stage.scheduler.schedule(reminder().fallback(phone())).await.unwrap();
    stage.work_at("2026-07-09T13:00:00Z").await;
    assert_eq!(stage.sms.accepted().len(), 1);
    let both = stage.scheduler.explain_subject(&booking()).await.unwrap();
    let texts: Vec<String> = both.iter().map(ToString::to_string).collect();
    check("failed_with_fallback.txt", &texts.join("\n\n\n"));
}

#[tokio::test]
async fn skipped_by_the_guard() {
    let guard = |_: Arc<Task>| async {
        Ok::<_, std::io::Error>(GuardAnswer::Skip("booking 123 is not paid".into()))
    };
    let stage = Stage::with(ScriptedNotifier::new(Channel::EMAIL), |b| b.guard(guard));
    let id = stage.book().await;
    stage.work_at("2026-07-09T13:00:00Z").await;
    check("skipped_by_guard.txt", &stage.text(id).await);
}

#[tokio::test]
async fn expired_after_downtime() {
    let stage = Stage::new();
    let id = stage.book().await;
    stage.clock.advance_to("2026-07-10T15:00:00Z");
    check("expired_unnoticed.txt", &stage.text(id).await);
    stage.work_at("2026-07-10T16:30:00Z").await;
    check("expired_after_downtime.txt", &stage.text(id).await);
}

#[tokio::test]
async fn cancelled_with_its_subject() {
    let stage = Stage::new();
    let id = stage.book().await;
    stage.clock.advance_to("2026-07-05T08:30:00Z");
    stage.scheduler.cancel_subject(&booking()).await.unwrap();
    stage.work_at("2026-07-09T13:00:00Z").await;
    check("cancelled_by_subject.txt", &stage.text(id).await);
}

#[tokio::test]
async fn held_because_it_may_have_arrived() {
    let email = ScriptedNotifier::new(Channel::EMAIL)
        .with_on_uncertain(OnUncertain::Hold)
        .then(Step::uncertain("timeout"));
    let stage = Stage::with(email, |b| b);
    let id = stage.book().await;
    stage.work_at("2026-07-09T13:00:00Z").await;
    check("held_uncertain.txt", &stage.text(id).await);
    stage.work_at("2026-07-10T13:00:00Z").await;
    check("held_too_long.txt", &stage.text(id).await);
}

#[tokio::test]
async fn skipped_because_it_was_booked_too_late() {
    let stage = Stage::new();
    stage.clock.advance_to("2026-07-10T10:00:00Z");
    let id = stage.book().await;
    check("past_due_skipped.txt", &stage.text(id).await);
}

#[tokio::test]
async fn moved_then_sent() {
    let stage = Stage::new();
    let id = stage.book().await;
    stage.clock.advance_to("2026-07-08T09:00:00Z");
    let later = EventTime::civil("2026-07-12T01:30", "Europe/Berlin").unwrap();
    stage.scheduler.move_subject(&booking(), later).await.unwrap();
    stage.work_at("2026-07-09T13:00:00Z").await;
    assert!(stage.email.journal().is_empty(), "nothing goes out at the old time");
    stage.work_at("2026-07-10T23:30:00Z").await;
    check("moved_then_sent.txt", &stage.text(id).await);
}

#[tokio::test]
async fn what_is_not_stored_is_not_explained() {
    let stage = Stage::new();
    let other = Stage::new();
    let id = other.book().await;
    assert_eq!(stage.scheduler.explain(id).await.unwrap(), None);
    assert_eq!(stage.scheduler.history(id).await.unwrap(), []);
    assert_eq!(stage.scheduler.explain_subject(&booking()).await.unwrap(), []);
    assert_eq!(other.clock.now().to_rfc3339(), BOOKED.replace('Z', "+00:00"));
}

#[tokio::test]
async fn asking_changes_nothing() {
    let down = Step::channel_down("535 5.7.8").before_gate();
    let stage = Stage::with(ScriptedNotifier::new(Channel::EMAIL).otherwise(down), |b| b);
    let id = stage.book().await;
    stage.clock.advance_to("2026-07-09T13:00:00Z");
    // The breaker opens at the fifth failure: asking in between neither forgets nor adds one.
    for failures in 1..=5 {
        stage.clock.advance(Duration::from_secs(5));
        stage.scheduler.process_due(1).await.unwrap();
        assert_eq!(stage.email.journal().len(), failures);
        let (tasks, notes) = stored(&stage).await;
        let explained = stage.scheduler.explain(id).await.unwrap().unwrap();
        assert_eq!(explained.blockers.iter().any(is_breaker), failures == 5, "{explained}");
        stage.scheduler.stats().await.unwrap();
        assert_eq!(stored(&stage).await, (tasks, notes));
    }
}

fn is_breaker(blocker: &Blocker) -> bool {
    blocker.what == Obstacle::BreakerOpen
}

async fn stored(stage: &Stage) -> (Vec<Task>, Vec<Note>) {
    let tasks = stage.store.all(TaskFilter::default()).await.unwrap();
    let notes = stage.store.notes().unwrap().list_notes("", 100).await.unwrap();
    (tasks, notes)
}
