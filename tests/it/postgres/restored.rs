//! A backup that is restored elsewhere: the seal comes along, the identity does not.

use std::sync::Arc;

use puntual::inspect::Ailment;
use puntual::notify::MemoryNotifier;
use puntual::scheduler::ScheduleErrorKind;
use puntual::store::{PostgresStore, TaskStore};
use puntual::task::{Channel, EmailAddress, Entropy, Subject};
use puntual::testing::VirtualClock;
use puntual::{Reminder, Reminders, Scheduler};
use sqlx::PgPool;

use super::execute;
use crate::servers::postgres::OwnServer;

fn scheduler(store: &PostgresStore, environment: &str, mailbox: &MemoryNotifier) -> Scheduler {
    let store: Arc<dyn TaskStore> = Arc::new(store.clone());
    Scheduler::builder(store)
        .clock(VirtualClock::at("2026-07-01T00:00:00Z"))
        .entropy(Entropy::seeded(7))
        .notifier(mailbox.clone())
        .environment(environment)
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_restored_dump_sends_nothing_under_another_name_until_it_is_adopted() {
    let server = OwnServer::start();
    let store = server.store().await;
    let mailbox = MemoryNotifier::new(Channel::EMAIL);
    let production = scheduler(&store, "production", &mailbox);
    let jane: EmailAddress = "jane@example.com".parse().unwrap();
    let about = Subject::new("booking", 1);
    let reminder = Reminder::new("confirmation", &about, jane).text("Booked.").now();
    production.schedule(reminder).await.unwrap();
    production.process_due(0).await.unwrap();

    execute(&store, "create database staging").await;
    server.dump_into(store.schema(), "staging");
    let pool = PgPool::connect_with(server.options().database("staging")).await.unwrap();
    let copy = PostgresStore::new(pool).with_schema(store.schema().clone());
    let (there, here) = (copy.probe().await.unwrap(), store.probe().await.unwrap());
    assert_eq!(there.seal, here.seal);
    assert_ne!(there.identity, here.identity, "a copy can be told");

    let staging = scheduler(&copy, "staging", &mailbox);
    let error = staging.process_due(10).await.unwrap_err();
    assert_eq!(error.kind(), ScheduleErrorKind::Refused);
    assert!(mailbox.sent().is_empty());
    let found = || async {
        let diagnosis = staging.doctor().await;
        diagnosis.findings.iter().map(|finding| finding.ailment).collect::<Vec<_>>()
    };
    for ailment in [Ailment::SealedForAnother, Ailment::IdentityChanged] {
        assert!(found().await.contains(&ailment), "{ailment:?} of {:?}", found().await);
    }
    staging.adopt().await.unwrap();
    for ailment in [Ailment::SealedForAnother, Ailment::IdentityChanged] {
        assert!(!found().await.contains(&ailment), "{ailment:?} of {:?}", found().await);
    }
    assert_eq!(staging.run_until_idle().await.unwrap().sent, 1);
}
