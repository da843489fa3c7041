//! Clocks that disagree, where the store has one too and where the host calls the rounds itself.

use std::time::Duration;

use async_trait::async_trait;
use puntual::Reminders;
use puntual::chrono::{DateTime, TimeDelta, Utc};
use puntual::testing::VirtualClock;
use puntual::time::Clock;

use super::another;
use super::bent::Bent;
use crate::engine::{Running, START, mailbox};
use crate::scenarios::{DAY, HOUR, MINUTE, reminder};

/// A clock that is compared with the store's.
#[derive(Debug, Clone)]
struct Compared(VirtualClock);

#[async_trait]
impl Clock for Compared {
    fn now(&self) -> DateTime<Utc> {
        Clock::now(&self.0)
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    async fn sleep_until(&self, deadline: DateTime<Utc>) {
        self.0.sleep_until(deadline).await;
    }

    async fn sleep(&self, duration: Duration) {
        self.0.sleep(duration).await;
    }
}

#[tokio::test]
async fn a_host_that_calls_the_rounds_itself_goes_on_after_its_clock_was_set() {
    let running = Running::new(mailbox());
    running.scheduler.schedule(reminder("confirmation").now()).await.unwrap();
    running.clock.step_wall(TimeDelta::minutes(5));
    running.scheduler.process_due(10).await.unwrap_err();
    running.scheduler.process_due(10).await.unwrap_err();
    running.scheduler.process_due(10).await.unwrap_err();
    running.clock.advance(Duration::from_secs(6));
    running.scheduler.process_due(10).await.unwrap_err();
    running.clock.advance(Duration::from_secs(6));
    assert_eq!(running.scheduler.process_due(10).await.unwrap().sent, 1);
}

/// Both clocks run; only the engine's is set.
async fn both_run(clock: &VirtualClock, server: &VirtualClock, minutes: u32) {
    for _ in 0..minutes * 12 {
        server.advance(Duration::from_secs(5));
        clock.run_for(Duration::from_secs(5)).await;
    }
}

#[tokio::test]
async fn a_jump_that_the_store_does_not_share_is_not_believed_until_it_is_undone() {
    let (clock, server) = (VirtualClock::at(START), VirtualClock::at(START));
    let (store, mailbox) = (Bent::default().with_server(&server), mailbox());
    let scheduler = another(store, &clock)
        .clock(Compared(clock.clone()))
        .notifier(mailbox.clone())
        .build()
        .unwrap();
    let handle = scheduler.start();
    let due = server.now() + DAY;
    scheduler.schedule(reminder("reminder").at(due)).await.unwrap();
    both_run(&clock, &server, 2).await;
    clock.step_wall(TimeDelta::days(2));
    both_run(&clock, &server, 5).await;
    assert!(mailbox.journal().is_empty(), "the store's clock is right");
    clock.step_wall(TimeDelta::days(-2));
    both_run(&clock, &server, 5).await;
    assert!(mailbox.journal().is_empty());
    server.advance(DAY);
    clock.run_for(DAY).await;
    assert_eq!(mailbox.accepted().len(), 1, "and it goes on once they agree");
    handle.shutdown(MINUTE).await;
}

#[tokio::test]
async fn a_store_whose_clock_is_a_little_behind_is_not_asked_without_end() {
    let (clock, server) = (VirtualClock::at(START), VirtualClock::at("2026-06-30T23:59:57Z"));
    let (store, mailbox) = (Bent::default().with_server(&server), mailbox());
    let scheduler = another(store.clone(), &clock)
        .clock(Compared(clock.clone()))
        .notifier(mailbox.clone())
        .build()
        .unwrap();
    let handle = scheduler.start();
    let due = clock.now() + HOUR;
    scheduler.schedule(reminder("reminder").at(due)).await.unwrap();
    server.advance(HOUR - Duration::from_secs(1));
    clock.run_for(HOUR - Duration::from_secs(1)).await;
    let before = store.claims();
    server.advance(Duration::from_secs(2));
    clock.run_for(Duration::from_secs(2)).await;
    assert!(store.claims() - before <= 3, "{}", store.claims() - before);
    assert!(mailbox.journal().is_empty(), "by the store's clock it is not due");
    server.advance(Duration::from_secs(3));
    clock.run_for(Duration::from_secs(3)).await;
    assert_eq!(mailbox.accepted().len(), 1);
    handle.shutdown(MINUTE).await;
}
