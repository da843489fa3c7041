//! What `stats` counts, against runs whose numbers are known.

use std::collections::BTreeMap;
use std::time::Duration;

use puntual::inspect::Stats;
use puntual::scheduler::Paused;
use puntual::store::{Erase, TaskStore};
use puntual::task::{Channel, Kind, Reason, Subject, TaskState};
use puntual::testing::{ScriptedNotifier, Step};
use puntual::{Reminder, Reminders};

use super::stage::{Stage, jane, phone, with_names};

/// Four messages at 13:00, of which one is refused for good and one for now; one that is skipped,
/// one that is cancelled, one by another channel on the next day.
async fn busy_day() -> Stage {
    let email = ScriptedNotifier::new(Channel::EMAIL)
        .then_for("refused@example.com", Step::permanent("550 5.1.1"))
        .then_for("busy@example.com", Step::transient("450 4.2.0").before_gate());
    let stage = Stage::with(email, |builder| builder);
    let at = |id: u32, to: &str, instant: &str| {
        let address: puntual::task::EmailAddress = to.parse().unwrap();
        let at: chrono::DateTime<chrono::Utc> = instant.parse().unwrap();
        Reminder::new("notice", &Subject::new("booking", id), address).text("Hello.").at(at)
    };
    let noon = "2026-07-09T13:00:00Z";
    let tomorrow: chrono::DateTime<chrono::Utc> = "2026-07-10T13:00:00Z".parse().unwrap();
    let cancelled = Subject::new("booking", 6);
    let reminders = vec![
        at(1, "a@example.com", noon),
        at(2, "b@example.com", noon),
        at(3, "refused@example.com", noon),
        at(4, "busy@example.com", noon),
        at(5, "late@example.com", "2026-07-01T00:00:00Z"),
        Reminder::new("other", &cancelled, jane()).text("Hello.").at(tomorrow),
        Reminder::new("other", &Subject::new("booking", 7), phone()).text("Hello.").at(tomorrow),
    ];
    stage.scheduler.schedule_all(reminders).await.unwrap();
    stage.scheduler.cancel_subject(&cancelled).await.unwrap();
    stage.work_at("2026-07-09T13:00:00.250Z").await;
    stage
}

fn counts(of: &BTreeMap<TaskState, u64>) -> Vec<(TaskState, u64)> {
    of.iter().filter(|(_, count)| **count > 0).map(|(state, count)| (*state, *count)).collect()
}

async fn stats(stage: &Stage) -> Stats {
    stage.scheduler.stats().await.unwrap()
}

#[tokio::test]
async fn rows_are_counted_by_state_kind_and_channel() {
    let stage = busy_day().await;
    let stats = stats(&stage).await;
    let of_kind = |kind: &str| counts(&stats.kinds[&Kind::new(kind).unwrap()]);
    use TaskState::{Cancelled, Failed, Scheduled, Sent, Skipped};
    assert_eq!(
        counts(&stats.states),
        [(Scheduled, 2), (Sent, 2), (Skipped, 1), (Cancelled, 1), (Failed, 1)]
    );
    assert_eq!(of_kind("notice"), [(Scheduled, 1), (Sent, 2), (Skipped, 1), (Failed, 1)]);
    assert_eq!(of_kind("other"), [(Scheduled, 1), (Cancelled, 1)]);
    assert_eq!(counts(&stats.channels[&Channel::SMS]), [(Scheduled, 1)]);
    assert_eq!(stats.states.len(), TaskState::ALL.len(), "states without rows are shown as 0");
    assert_eq!((stats.pending, stats.overdue, stats.leased), (2, 1, 0));
    assert_eq!(stats.oldest_due_at, Some("2026-07-09T13:00:00Z".parse().unwrap()));
}

#[tokio::test]
async fn the_last_day_and_the_last_hour_are_counted_from_the_history() {
    let stage = busy_day().await;
    let (day, lateness) = {
        let stats = stats(&stage).await;
        (stats.last_day, stats.lateness)
    };
    assert_eq!((day.sent, day.failed, day.retried), (2, 1, 1));
    // What was skipped and cancelled was so six days ago.
    assert_eq!((day.skipped, day.cancelled, day.expired, day.uncertain), (0, 0, 0, 0));
    assert!(!day.partial && !lateness.partial);
    let [refused] = &day.reasons[..] else { panic!("{:?}", day.reasons) };
    assert_eq!((refused.state, &refused.reason), (TaskState::Failed, &Some(Reason::Permanent)));
    let late = Some(chrono::TimeDelta::milliseconds(250));
    assert_eq!((lateness.count, lateness.p50, lateness.max), (2, late, late));

    stage.work_at("2026-07-09T14:00:00.250Z").await;
    let later = stats(&stage).await;
    let late = Some(chrono::TimeDelta::milliseconds(3_600_250));
    assert_eq!(
        (later.lateness.count, later.lateness.p50, later.lateness.p99),
        (3, Some(chrono::TimeDelta::milliseconds(250)), late)
    );
    assert_eq!(later.last_day.sent, 3);

    stage.clock.advance(Duration::from_secs(30 * 60));
    let hour_over = stats(&stage).await;
    assert_eq!((hour_over.lateness.count, hour_over.last_day.sent), (1, 3));
}

#[tokio::test]
async fn what_was_erased_stays_in_the_totals() {
    let stage = busy_day().await;
    let before = stats(&stage).await;
    assert_eq!(before.totals, before.states);
    let person = puntual::task::PersonKey::new("a@example.com").unwrap();
    stage.store.erase(stage.clock.now(), &Erase::Person(person), 10).await.unwrap();
    let after = stats(&stage).await;
    assert_eq!(counts(&after.erased), [(TaskState::Sent, 1)]);
    assert_eq!(after.states[&TaskState::Sent], 1);
    assert_eq!(after.totals, before.totals);
}

#[tokio::test]
async fn the_table_shows_what_holds() {
    let stage = busy_day().await;
    let kind = Kind::new("other").unwrap();
    stage.scheduler.pause(Paused::Kind(kind)).await.unwrap();
    stage.clock.advance_to("2026-07-09T13:00:30Z");
    let running = stage.scheduler.start();
    stage.clock.settle().await;
    stage.email.set_otherwise(Step::channel_down("535 5.7.8").before_gate());
    stage.clock.run_to("2026-07-09T13:01:10Z").await;
    let stats = stats(&stage).await;
    running.shutdown(Duration::ZERO).await;

    let data = serde_json::to_value(&stats).unwrap();
    assert_eq!(data["schema"], 1);
    assert_eq!(data["lateness"]["p50_us"], 250_000);
    assert_eq!(data["channels"]["sms"]["scheduled"], 1);
    assert_eq!(data["breakers"][0]["open"], true);
    assert_eq!(data["pauses"][0]["what"]["kind"], "other");
    assert_eq!(data["at"], "2026-07-09T13:01:10.000000Z");
    let shown = with_names(&stats.to_string()).replace(&stats.tz_version, "<version>");
    assert_eq!(format!("{shown}\n"), include_str!("golden/stats.txt"), "\n{shown}");
}
