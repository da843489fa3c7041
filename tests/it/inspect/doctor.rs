//! Each thing that can be wrong is found, said with what to do, and gone once it was done.

use std::sync::Arc;

use async_trait::async_trait;
use puntual::inspect::{Ailment, Severity};
use puntual::notify::{Attempt, Health, Notification, Notifier, NotifyError, OnUncertain, Receipt};
use puntual::scheduler::{Paused, Resolution};
use puntual::store::{MemoryStore, NoteWrite, StoreErrorKind, TaskStore};
use puntual::task::{Channel, Kind};
use puntual::testing::{Fault, FaultyStore, Operation, ScriptedNotifier, Step, VirtualClock};
use puntual::{Reminders, Scheduler};

use super::stage::{BOOKED, Stage};

async fn ailments(scheduler: &Scheduler) -> Vec<(Severity, Ailment)> {
    let diagnosis = scheduler.doctor().await;
    for finding in &diagnosis.findings {
        assert!(!finding.what.as_str().is_empty() && !finding.remedy.is_empty(), "{finding:?}");
    }
    // Of the machine that the test runs on, and of the memory store, nothing is of interest here.
    let of_here = [Ailment::OldZoneRules, Ailment::NotDurable];
    let findings = diagnosis.findings.iter().filter(|f| !of_here.contains(&f.ailment));
    findings.map(|finding| (finding.severity, finding.ailment)).collect()
}

#[tokio::test]
async fn a_store_in_memory_is_worth_a_warning_and_nothing_else_is_found() {
    let stage = Stage::new();
    stage.book().await;
    let diagnosis = stage.scheduler.doctor().await;
    assert!(!diagnosis.is_healthy());
    assert_eq!(diagnosis.findings[0].ailment, Ailment::NotDurable);
    assert!(diagnosis.to_string().starts_with("warning: all is kept in memory\n  "));
    assert_eq!(ailments(&stage.scheduler).await, []);
}

#[tokio::test]
async fn overdue_work_that_nobody_claims_is_found() {
    let stage = Stage::new();
    stage.book().await;
    stage.clock.advance_to("2026-07-09T13:05:00Z");
    assert_eq!(
        ailments(&stage.scheduler).await,
        [(Severity::Critical, Ailment::NobodyClaims)],
        "no engine runs"
    );
    stage.scheduler.run_until_idle().await.unwrap();
    assert_eq!(ailments(&stage.scheduler).await, []);
}

#[tokio::test]
async fn what_is_paused_is_found_until_it_is_resumed() {
    let stage = Stage::new();
    for what in [Paused::Channel(Channel::EMAIL), Paused::Kind(Kind::new("reminder_24h").unwrap())]
    {
        stage.scheduler.pause(what.clone()).await.unwrap();
        let found = ailments(&stage.scheduler).await;
        assert_eq!(found, [(Severity::Warning, Ailment::ChannelStopped)], "{what:?}");
        stage.scheduler.resume(&what).await.unwrap();
        assert_eq!(ailments(&stage.scheduler).await, []);
    }
}

#[tokio::test]
async fn a_channel_that_is_down_is_found_with_its_reason() {
    let down = Step::channel_down("535").before_gate();
    let email = ScriptedNotifier::new(Channel::EMAIL).otherwise(down);
    let stage = Stage::with(email, |builder| builder);
    for booking in 0..5 {
        let about = puntual::task::Subject::new("booking", 1_000 + booking);
        let now = puntual::Reminder::new("notice", &about, super::stage::jane()).text("Hi.").now();
        stage.scheduler.schedule(now).await.unwrap();
    }
    stage.scheduler.process_due(10).await.unwrap();
    let diagnosis = stage.scheduler.doctor().await;
    let found = diagnosis.findings.iter().find(|f| f.ailment == Ailment::ChannelStopped).unwrap();
    assert_eq!(found.severity, Severity::Critical);
    assert!(found.what.as_str().contains("535"), "{}", found.what);
}

#[tokio::test]
async fn a_seal_is_found_by_engines_of_another_name_and_of_none() {
    let stage = Stage::with(ScriptedNotifier::new(Channel::EMAIL), |b| b.environment("production"));
    stage.scheduler.process_due(1).await.unwrap();
    assert_eq!(ailments(&stage.scheduler).await, []);
    for (name, found) in [
        (Some("staging"), (Severity::Critical, Ailment::SealedForAnother)),
        (None, (Severity::Warning, Ailment::Unnamed)),
    ] {
        let builder = Scheduler::builder(stage.store.clone())
            .notifier(ScriptedNotifier::new(Channel::EMAIL))
            .clock(VirtualClock::at(BOOKED));
        let builder = match name {
            Some(name) => builder.environment(name),
            None => builder,
        };
        let other = builder.build().unwrap();
        assert_eq!(ailments(&other).await, [found], "{name:?}");
    }
}

#[tokio::test]
async fn a_database_that_was_another_one_is_found_until_it_is_adopted() {
    let stage = Stage::new();
    let elsewhere = NoteWrite::new("identity", None, Some("sqlite /srv/old.db".to_owned()));
    stage.store.notes().unwrap().write_note(stage.clock.now(), &elsewhere).await.unwrap();
    stage.scheduler.process_due(1).await.unwrap();
    assert_eq!(ailments(&stage.scheduler).await, [(Severity::Warning, Ailment::IdentityChanged)]);
    stage.scheduler.adopt().await.unwrap();
    assert_eq!(ailments(&stage.scheduler).await, []);
}

#[tokio::test]
async fn a_store_that_fails_is_a_finding_and_no_error() {
    let store = FaultyStore::new(MemoryStore::new());
    let scheduler = Scheduler::builder(Arc::new(store.clone()) as Arc<dyn TaskStore>)
        .notifier(ScriptedNotifier::new(Channel::EMAIL))
        .clock(VirtualClock::at(BOOKED))
        .build()
        .unwrap();
    store.inject(Operation::Probe, Fault::before(StoreErrorKind::Transient).from_now_on());
    assert_eq!(ailments(&scheduler).await, [(Severity::Critical, Ailment::StoreFails)]);
}

#[tokio::test]
async fn held_tasks_are_counted() {
    let email = ScriptedNotifier::new(Channel::EMAIL)
        .with_on_uncertain(OnUncertain::Hold)
        .otherwise(Step::uncertain("timeout"));
    let stage = Stage::with(email, |builder| builder);
    let id = stage.book().await;
    stage.work_at("2026-07-09T13:00:00Z").await;
    assert_eq!(ailments(&stage.scheduler).await, [(Severity::Warning, Ailment::Held)]);
    stage.scheduler.resolve(id, Resolution::Sent).await.unwrap();
    assert_eq!(ailments(&stage.scheduler).await, []);
}

/// A notifier whose check fails: there is none among the ready-made ones.
#[derive(Debug)]
struct Broken;

#[async_trait]
impl Notifier for Broken {
    fn channel(&self) -> Channel {
        Channel::EMAIL
    }

    fn on_uncertain(&self) -> OnUncertain {
        OnUncertain::Hold
    }

    async fn notify(&self, _: &Attempt, _: &Notification) -> Result<Receipt, NotifyError> {
        Err(NotifyError::channel_down("535", "wrong password"))
    }

    async fn check(&self) -> Result<Health, NotifyError> {
        Err(NotifyError::channel_down("535", "wrong password"))
    }
}

#[tokio::test]
async fn a_notifier_whose_check_fails_is_found_with_its_words() {
    let builder = Scheduler::builder(MemoryStore::new()).notifier(Broken);
    let scheduler = builder.clock(VirtualClock::at(BOOKED)).build().unwrap();
    assert_eq!(ailments(&scheduler).await, [(Severity::Critical, Ailment::NotifierFails)]);
    let text = scheduler.doctor().await.to_string();
    assert!(text.contains("the notifier of channel email does not work: "), "{text}");
    assert!(text.contains("wrong password"), "{text}");
}
