//! A worker that comes back after its lease is over writes nothing over the one that has the row.

use std::time::Duration;

use puntual::Scheduler;
use puntual::scheduler::ProcessReport;
use puntual::store::TaskStoreExt;
use puntual::task::{Channel, Entropy, Task, TaskId, TaskState, What};
use puntual::testing::{GateSeen, ScriptedNotifier, Stall, Step, VirtualClock};

use crate::scenarios::{Backend, DAY, Desk, MINUTE, each_store, engine, reminder};

each_store!(
    a_retry_of_a_worker_whose_lease_is_over_is_stale_and_the_other_keeps_the_row,
    a_worker_whose_lease_is_over_finds_the_gate_closed_and_releases_nothing,
    an_outcome_after_the_lease_is_stale_and_the_row_says_that_it_may_have_arrived_twice,
);

const NOW: &str = "2026-07-01T00:00:00Z";

/// Worker A, whose process was stopped: its clock stands still until it comes back.
struct TakenOver {
    desk: Desk,
    id: TaskId,
    a: Worker,
    b: Worker,
}

struct Worker {
    mailbox: ScriptedNotifier,
    stall: Stall,
    scheduler: Scheduler,
}

impl Worker {
    fn new(desk: &Desk, clock: &VirtualClock, seed: u64, step: Step) -> Worker {
        let stall = Stall::new();
        let step = step.stalled_by(&stall);
        let mailbox = ScriptedNotifier::new(Channel::EMAIL).then(step);
        let builder = engine(&desk.store, clock, seed).notifier(mailbox.clone());
        Worker { mailbox, stall, scheduler: builder.build().unwrap() }
    }

    fn round(&self) -> tokio::task::JoinHandle<ProcessReport> {
        let scheduler = self.scheduler.clone();
        tokio::spawn(async move { scheduler.process_due(10).await.unwrap() })
    }
}

impl TakenOver {
    /// The seed sets it apart from others on the same store.
    async fn new(backend: &impl Backend, seed: u64, a: Step, b: Step) -> TakenOver {
        let desk = Desk::with(backend, NOW, |builder| builder.entropy(Entropy::seeded(seed)));
        let (_, id) = desk.schedule(reminder(&format!("confirmation_{seed}")).now()).await;
        let a = Worker::new(&desk, &VirtualClock::at(NOW), seed + 1, a);
        let b = Worker::new(&desk, &desk.clock, seed + 2, b);
        TakenOver { desk, id, a, b }
    }

    /// B has the row, whatever A wrote.
    async fn check_that_b_keeps_it(&self, claimed: &Task) {
        let task = self.desk.task(self.id).await;
        assert_eq!(&task, claimed, "A wrote nothing");
        assert!(task.lease.is_some_and(|lease| lease.until > self.desk.clock.now()));
        assert_eq!(self.desk.story(self.id).await, [What::Scheduled]);
    }
}

async fn a_retry_of_a_worker_whose_lease_is_over_is_stale_and_the_other_keeps_the_row(
    backend: impl Backend,
) {
    for (seed, fails) in [(10, Step::transient("451")), (20, Step::permanent("550"))] {
        let over = TakenOver::new(
            &backend,
            seed,
            fails.before_gate(),
            Step::transient("421").before_gate(),
        )
        .await;
        let a = over.a.round();
        over.a.stall.reached_by(1).await;
        over.desk.clock.advance(31 * Duration::from_secs(1));
        let b = over.b.round();
        over.b.stall.reached_by(1).await;
        let claimed = over.desk.task(over.id).await;
        assert_eq!(claimed.unfinished_claims, 2, "B took it over");

        over.a.stall.release();
        let report = a.await.unwrap();
        assert_eq!((report.claimed, report.lost), (1, 1), "{report:?}");
        over.check_that_b_keeps_it(&claimed).await;

        over.b.stall.release();
        let report = b.await.unwrap();
        assert_eq!((report.claimed, report.retried), (1, 1), "{report:?}");
        assert_eq!(over.desk.story(over.id).await, [What::Scheduled, What::Retried]);
        let history = over.desk.store.history_of(over.id).await.unwrap();
        assert_eq!(history[1].entry.code.as_ref().unwrap().as_str(), "421", "the one of B");
        let task = over.desk.task(over.id).await;
        assert_eq!((task.attempts, task.lease), (1, None));
        assert_eq!(over.desk.pass(2 * MINUTE).await, 1, "exactly one more attempt");
        assert_eq!(over.desk.pass(DAY).await, 0);
    }
}

async fn a_worker_whose_lease_is_over_finds_the_gate_closed_and_releases_nothing(
    backend: impl Backend,
) {
    // A stalls before the gate and would send; its own clock says that there is time.
    let over = TakenOver::new(&backend, 10, Step::accept().before_gate(), Step::accept()).await;
    let a = over.a.round();
    over.a.stall.reached_by(1).await;
    over.desk.clock.advance(31 * Duration::from_secs(1));
    let b = over.b.round();
    over.b.stall.reached_by(1).await;
    let claimed = over.desk.task(over.id).await;
    assert_eq!(claimed.state, TaskState::Sending, "B handed it off");

    over.a.stall.release();
    let report = a.await.unwrap();
    assert_eq!((report.claimed, report.lost), (1, 1), "{report:?}");
    assert_eq!(over.a.mailbox.journal()[0].gate, GateSeen::Closed);
    over.check_that_b_keeps_it(&claimed).await;

    over.b.stall.release();
    assert_eq!(b.await.unwrap().sent, 1);
    assert_eq!(over.desk.story(over.id).await, [What::Scheduled, What::Sent]);
    assert_eq!(over.a.mailbox.accepted().len() + over.b.mailbox.accepted().len(), 1);
}

async fn an_outcome_after_the_lease_is_stale_and_the_row_says_that_it_may_have_arrived_twice(
    backend: impl Backend,
) {
    // A stalls behind the gate: B cannot know what arrived.
    let over = TakenOver::new(&backend, 10, Step::accept(), Step::accept()).await;
    let a = over.a.round();
    over.a.stall.reached_by(1).await;
    over.desk.clock.advance(31 * Duration::from_secs(1));
    let report = over.b.round().await.unwrap();
    assert_eq!((report.claimed, report.deferred), (1, 1), "{report:?}");
    let uncertain = over.desk.task(over.id).await;
    assert_eq!((uncertain.state, uncertain.lease), (TaskState::Scheduled, None));

    over.a.stall.release();
    let report = a.await.unwrap();
    assert_eq!((report.claimed, report.lost), (1, 1), "{report:?}");
    assert_eq!(over.desk.task(over.id).await, uncertain, "A wrote nothing");
    assert_eq!(over.desk.story(over.id).await, [What::Scheduled, What::Uncertain]);

    over.b.stall.release();
    over.desk.clock.advance(15 * MINUTE);
    assert_eq!(over.b.round().await.unwrap().sent, 1);
    let story = over.desk.story(over.id).await;
    assert_eq!(story, [What::Scheduled, What::Uncertain, What::Sent]);
    let keys: Vec<String> = [&over.a, &over.b]
        .iter()
        .flat_map(|worker| worker.mailbox.accepted())
        .map(|line| line.key)
        .collect();
    assert_eq!(keys, [format!("{}.1", over.id), format!("{}.1", over.id)], "with one id");
}
