//! One running loop: claims when something is due and there is room, and sleeps otherwise.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::engine::Engine;
use super::round::{Batch, Full};
use super::{ScheduleError, ScheduleErrorKind};

/// Runs the engine until `shutdown`, then waits for what is under way until `abandon`.
pub(crate) async fn run(
    engine: Arc<Engine>,
    shutdown: CancellationToken,
    abandon: CancellationToken,
) {
    let tracker = TaskTracker::new();
    let renewals = {
        let engine = engine.clone();
        tokio::spawn(async move { engine.renew_for_ever().await })
    };
    let maintenance = {
        let (engine, shutdown) = (engine.clone(), shutdown.clone());
        tokio::spawn(async move { super::maintenance::run(engine, shutdown).await })
    };
    if open(&engine, &shutdown).await {
        work(&engine, &shutdown, &abandon, &tracker).await;
    }
    tracker.close();
    tokio::select! {
        biased;
        () = tracker.wait() => {}
        () = abandon.cancelled() => {}
    }
    renewals.abort();
    // The duties end by themselves at shutdown; a presence note may still be taken back.
    let _ = maintenance.await;
}

/// Looks at the store before the first claim: which database, which schema, sealed for whom.
/// False if the shutdown came first.
async fn open(engine: &Arc<Engine>, shutdown: &CancellationToken) -> bool {
    let mut failures = 0;
    loop {
        let wait = match engine.open().await {
            Ok(()) => return true,
            Err(error) => {
                failures += 1;
                trouble(engine, &error)
            }
        };
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return false,
            () = engine.wake.notified() => {}
            () = wait_for(engine, wait, failures) => {}
        }
    }
}

async fn work(
    engine: &Arc<Engine>,
    shutdown: &CancellationToken,
    abandon: &CancellationToken,
    tracker: &TaskTracker,
) {
    let mut wakeups = engine.store.wakeups();
    let mut failures = 0;
    while !shutdown.is_cancelled() {
        let claimed = tokio::select! {
            biased;
            () = abandon.cancelled() => return,
            claimed = engine.claim(engine.config.batch) => claimed,
        };
        let claiming = match claimed {
            Ok(claiming) => claiming,
            Err(error) => {
                failures += 1;
                let wait = trouble(engine, &error);
                tokio::select! {
                    biased;
                    () = shutdown.cancelled() => return,
                    () = wait_for(engine, wait, failures) => {}
                }
                continue;
            }
        };
        if let Some(batch) = claiming.batch {
            failures = 0;
            engine.report_trouble(None);
            start(engine, batch, abandon, tracker).await;
        }
        tokio::select! {
            biased;
            () = shutdown.cancelled() => {}
            () = engine.wake.notified() => {}
            () = engine.room_again(&claiming.full) => {}
            () = tick(&mut wakeups) => {}
            () = wake_at(engine, claiming.next_wake_at) => {}
            () = engine.pause(engine.config.poll) => {}
        }
    }
}

/// Starts the deliveries of a batch; those that may have killed their worker run first, alone.
async fn start(
    engine: &Arc<Engine>,
    batch: Batch,
    abandon: &CancellationToken,
    tracker: &TaskTracker,
) {
    let (suspects, others) = engine.deliveries(batch);
    for delivery in suspects {
        tokio::select! {
            biased;
            () = abandon.cancelled() => return,
            _ = delivery.run() => {}
        }
    }
    for delivery in others {
        let abandon = abandon.clone();
        tracker.spawn(async move {
            tokio::select! {
                biased;
                _ = delivery.run() => {}
                () = abandon.cancelled() => {}
            }
        });
    }
}

async fn wake_at(engine: &Engine, next: Option<DateTime<Utc>>) {
    match next {
        Some(next) => engine.clock.sleep_until(next).await,
        None => std::future::pending().await,
    }
}

/// The store's word that earlier work may have arrived; never, where it gives none.
async fn tick(wakeups: &mut Option<watch::Receiver<u64>>) {
    if let Some(receiver) = wakeups
        && receiver.changed().await.is_ok()
    {
        return;
    }
    *wakeups = None;
    std::future::pending().await
}

/// What to do about a call that failed: how long to wait where that is fixed.
fn trouble(engine: &Engine, error: &ScheduleError) -> Option<Duration> {
    use std::error::Error;
    match error.kind() {
        ScheduleErrorKind::Refused => {
            engine.report_trouble(Some(&error.to_string()));
            Some(engine.config.clock_probe)
        }
        _ => {
            let cause = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            engine.report_trouble(Some(&cause));
            None
        }
    }
}

async fn wait_for(engine: &Engine, fixed: Option<Duration>, failures: u32) {
    match fixed {
        Some(pause) => {
            engine.pause(pause).await;
            engine.keeper.probe();
        }
        None => engine.repeat().wait(failures).await,
    }
}

impl Engine {
    /// Waits until one of these, which a claim left out, has room again; for ever, if there are
    /// none. It may have had room from the moment after the claim looked.
    async fn room_again(&self, full: &[Full]) {
        if full.is_empty() {
            std::future::pending::<()>().await;
        }
        while full.iter().all(|full| full.room() == 0) {
            self.room.notified().await;
        }
    }
}
