//! A database that was copied to another environment sends nothing.

use puntual::scheduler::ScheduleErrorKind;

use super::{Backend, Desk, each_store, reminder};

#[cfg(feature = "sqlite")]
mod copied;

each_store!(
    under_another_name_nothing_is_sent_until_it_is_adopted,
    without_a_name_everything_goes_on_as_usual,
);

/// Scenario 16, on one store under two names; the copy of a file has a test of its own.
async fn under_another_name_nothing_is_sent_until_it_is_adopted(backend: impl Backend) {
    let now = "2026-07-01T00:00:00Z";
    let production = Desk::with(&backend, now, |b| b.environment("production"));
    production.schedule(reminder("first").now()).await;
    assert_eq!(production.scheduler.run_until_idle().await.unwrap().sent, 1);
    production.schedule(reminder("second").now()).await;

    let staging = Desk::with(&backend, now, |b| b.environment("staging"));
    let error = staging.scheduler.run_until_idle().await.unwrap_err();
    assert_eq!(error.kind(), ScheduleErrorKind::Refused);
    assert!(error.to_string().contains("production"), "{error}");
    assert!(staging.mailbox.sent().is_empty());

    staging.scheduler.adopt().await.unwrap();
    assert_eq!(staging.scheduler.run_until_idle().await.unwrap().sent, 1);
    let error = production.scheduler.process_due(10).await.unwrap_err();
    assert_eq!(error.kind(), ScheduleErrorKind::Refused, "it belongs to one of them");
}

async fn without_a_name_everything_goes_on_as_usual(backend: impl Backend) {
    let now = "2026-07-01T00:00:00Z";
    let named = Desk::with(&backend, now, |b| b.environment("production"));
    named.schedule(reminder("first").now()).await;
    named.scheduler.process_due(0).await.unwrap();
    let unnamed = Desk::at(&backend, now);
    assert_eq!(unnamed.scheduler.run_until_idle().await.unwrap().sent, 1);
    unnamed.scheduler.adopt().await.unwrap();
    let seal = unnamed.store.probe().await.unwrap().seal;
    assert_eq!(seal.as_deref(), Some("production"), "who has no name leaves it");
}
