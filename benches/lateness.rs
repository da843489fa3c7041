//! How late reminders go out, how soon one that is due at once, and what waiting costs.
//!
//! `cargo bench --features postgres,sqlite,testing --bench lateness`; `-- sqlite pickup` asks for a
//! part; with `PUNTUAL_BENCH_FULL=1` the idle engine is watched for two minutes, else for 15 s, on
//! Postgres for a minute (`PUNTUAL_BENCH_IDLE` in seconds). The raw reference of lateness is a task
//! that only sleeps until such instants, that of a pickup a task that waits for a channel (on
//! Postgres: for a NOTIFY, and then claims), and beside the idle figures stands their goal.

#[path = "postgres/lateness.rs"]
mod postgres;
mod raw;
mod support;

use std::time::Duration;

use async_trait::async_trait;
use puntual::chrono::{DateTime, TimeDelta, Utc};
use puntual::notify::{Attempt, Notification, Notifier, NotifyError, OnUncertain, Receipt};
use puntual::store::{MemoryStore, SqliteStore, TaskStore};
use puntual::task::Channel;
use puntual::time::{Clock, SystemClock};
use puntual::{Reminders, Scheduler};
use support::counting::{Calls, Counting};
use support::report::{Measure, percentile, print_setting, processor_seconds};
use support::{Result, is_chosen, is_full, number, rows, runtime};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

const STORES: [&str; 3] = ["memory", "sqlite", "postgres"];
const MEASURES: [&str; 3] = ["lateness", "pickup", "idle"];
const ROUNDS: u64 = 3;
const TASKS: u64 = 500;

fn main() -> Result<()> {
    print_setting(
        "500 tasks over 5 s; 200 tasks due at once, one after the other; an engine whose next row \
         is a day ahead; default settings, concurrency 16, hand-off marked",
    );
    runtime()?.block_on(async {
        let directory = tempfile::tempdir()?;
        let sqlite = |name: &str| SqliteStore::open(directory.path().join(name));
        if is_chosen("memory", &STORES) {
            let [first, second, third] = [(); 3].map(|()| MemoryStore::new());
            measures("memory", first, second, third).await?;
        }
        if is_chosen("sqlite", &STORES) {
            let [first, second, third] = ["lateness.db", "pickup.db", "idle.db"].map(sqlite);
            measures("sqlite", first.await?, second.await?, third.await?).await?;
        }
        if is_chosen("postgres", &STORES) {
            postgres::run().await?;
        }
        Ok(())
    })
}

async fn measures<S: TaskStore>(name: &str, first: S, second: S, third: S) -> Result<()> {
    if is_chosen("lateness", &MEASURES) {
        lateness(name, first).await?;
    }
    if is_chosen("pickup", &MEASURES) {
        pickup(name, second).await?;
    }
    if is_chosen("idle", &MEASURES) {
        idle(name, third).await?;
    }
    Ok(())
}

/// Tells when each message passed the gate, and how late that was.
#[derive(Debug)]
struct Watch {
    clock: SystemClock,
    seen: mpsc::UnboundedSender<f64>,
}

#[async_trait]
impl Notifier for Watch {
    fn channel(&self) -> Channel {
        Channel::EMAIL
    }

    fn on_uncertain(&self) -> OnUncertain {
        OnUncertain::Hold
    }

    async fn notify(
        &self,
        attempt: &Attempt,
        notification: &Notification,
    ) -> std::result::Result<Receipt, NotifyError> {
        let handed_off = attempt.hand_off().await?;
        let late = self.clock.now().signed_duration_since(notification.due_at);
        let sent = self.seen.send(millis(late));
        Ok(handed_off.accepted(if sent.is_ok() { "seen" } else { "nobody looks" }))
    }
}

fn millis(delta: TimeDelta) -> f64 {
    delta.num_microseconds().map_or(f64::INFINITY, |micros| micros as f64 / 1_000.0)
}

fn watched(store: impl TaskStore) -> Result<(Scheduler, mpsc::UnboundedReceiver<f64>)> {
    let (seen, sight) = mpsc::unbounded_channel();
    let notifier = Watch { clock: SystemClock::new(), seen };
    Ok((Scheduler::builder(store).notifier(notifier).build()?, sight))
}

async fn lateness(name: &str, store: impl TaskStore) -> Result<()> {
    let (scheduler, mut sight) = watched(store)?;
    let running = scheduler.start();
    let clock = SystemClock::new();
    let [mut p50, mut p99] =
        ["p50", "p99"].map(|percent| Measure::new(format!("lateness_{name}_{percent}"), "ms"));
    for round in 0..ROUNDS {
        let dues = instants(clock.now());
        let numbered = dues.iter().zip(round * TASKS..);
        let all = numbered.map(|(due, number)| rows::due_at(*due, number));
        scheduler.schedule_all(all.collect::<Result<Vec<_>>>()?).await?;
        let mut ours = Vec::new();
        while ours.len() < dues.len() {
            ours.push(sight.recv().await.ok_or("the notifier is gone")?);
        }
        if ours.iter().any(|late| *late < 0.0) {
            return Err("a message went out early".into());
        }
        let raw = sleepers(&instants(clock.now())).await?;
        p50.round(percentile(&ours, 50), percentile(&raw, 50));
        p99.round(percentile(&ours, 99), percentile(&raw, 99));
    }
    running.shutdown(Duration::from_secs(10)).await;
    p50.print();
    p99.print();
    Ok(())
}

/// Instants over five seconds, the first in half a second, in uneven steps.
fn instants(now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
    let step = |number: u64| 500_000 + number * 10_000 + number * 7_919 % 9_973;
    (0..TASKS).map(|number| now + TimeDelta::microseconds(step(number) as i64)).collect()
}

/// How late tasks wake that do nothing but sleep.
async fn sleepers(dues: &[DateTime<Utc>]) -> Result<Vec<f64>> {
    let clock = SystemClock::new();
    let mut all = JoinSet::new();
    for due in dues.iter().copied() {
        let clock = clock.clone();
        all.spawn(async move {
            clock.sleep_until(due).await;
            millis(clock.now().signed_duration_since(due))
        });
    }
    Ok(all.join_all().await)
}

async fn pickup(name: &str, store: impl TaskStore) -> Result<()> {
    let (scheduler, mut sight) = watched(store)?;
    let running = scheduler.start();
    let clock = SystemClock::new();
    let [mut p50, mut p99] =
        ["p50", "p99"].map(|percent| Measure::new(format!("pickup_{name}_{percent}"), "ms"));
    for round in 0..ROUNDS {
        let (mut ours, mut raw) = (Vec::new(), Vec::new());
        for number in 0..200 {
            let reminder = rows::due_now(clock.now(), round * 200 + number)?;
            scheduler.schedule(reminder).await?;
            let stored = clock.monotonic();
            sight.recv().await.ok_or("the notifier is gone")?;
            ours.push(clock.monotonic().saturating_sub(stored).as_secs_f64() * 1e3);
            raw.push(hop(&clock).await?);
        }
        p50.round(percentile(&ours, 50), percentile(&raw, 50));
        p99.round(percentile(&ours, 99), percentile(&raw, 99));
    }
    running.shutdown(Duration::from_secs(10)).await;
    p50.print();
    p99.print();
    Ok(())
}

/// How long a task takes to wake that waits for a channel, and to answer.
async fn hop(clock: &SystemClock) -> Result<f64> {
    let (ask, mut asked) = mpsc::unbounded_channel();
    let (answer, mut answered) = mpsc::unbounded_channel();
    let other = tokio::spawn(async move {
        asked.recv().await;
        answer.send(()).is_ok()
    });
    tokio::task::yield_now().await;
    let begun = clock.monotonic();
    ask.send(())?;
    answered.recv().await;
    let took = clock.monotonic().saturating_sub(begun).as_secs_f64() * 1e3;
    other.await?;
    Ok(took)
}

async fn idle(name: &str, store: impl TaskStore) -> Result<()> {
    let seconds = number("PUNTUAL_BENCH_IDLE", if is_full() { 120 } else { 15 });
    let calls = Calls::default();
    let (scheduler, sight) = watched(Counting::new(store, calls.clone()))?;
    let clock = SystemClock::new();
    let tomorrow = clock.now() + TimeDelta::days(1);
    scheduler.schedule(rows::due_at(tomorrow, 0)?).await?;
    let running = scheduler.start();
    clock.sleep_until(clock.now() + TimeDelta::seconds(2)).await;
    let (starting, before) = (calls.take(), processor_seconds());
    clock.sleep_until(clock.now() + TimeDelta::seconds(seconds as i64)).await;
    let (used, seen) = (processor_seconds() - before, calls.take());
    let minutes = seconds as f64 / 60.0;
    println!("idle {name}: watched for {seconds} s; at the start {starting:?}, then {seen:?}");
    let mut statements = Measure::new(format!("idle_{name}_statements"), "1/min");
    statements.round(seen.len() as f64 / minutes, 2.0);
    statements.print();
    let mut processor = Measure::new(format!("idle_{name}_processor"), "s/min");
    processor.round(used / minutes, 0.02);
    processor.print();
    running.shutdown(Duration::from_secs(1)).await;
    drop(sight);
    Ok(())
}
