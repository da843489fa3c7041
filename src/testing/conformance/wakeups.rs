//! `wakeups`: a word when earlier work may have arrived.

use tokio::sync::watch;

use super::Verdict;
use super::bench::{Bench, at, due, now};
use crate::testing::change;

fn watch(bench: &Bench) -> Result<watch::Receiver<u64>, Verdict> {
    let mut ticks = bench.store.wakeups().ok_or(Verdict::NotApplicable("the store is polled"))?;
    ticks.mark_unchanged();
    Ok(ticks)
}

/// Waits for a tick, within the harness's patience.
pub(super) async fn ticked(bench: &Bench, ticks: &mut watch::Receiver<u64>) -> bool {
    let event = async {
        if ticks.changed().await.is_err() {
            panic!("the store dropped its side of the watch");
        }
    };
    bench.comes(event).await
}

pub(super) async fn tick_when_a_row_is_inserted_that_is_due(bench: &Bench) -> Result<(), Verdict> {
    let mut ticks = watch(bench)?;
    bench.insert(&[due(0)]).await;
    assert!(ticked(bench, &mut ticks).await, "a row that is due now");
    bench.insert(&[due(30)]).await;
    assert!(ticked(bench, &mut ticks).await, "a row that is due within the minute");
    Ok(())
}

pub(super) async fn tick_when_a_change_brings_work_forward(bench: &Bench) -> Result<(), Verdict> {
    let row = bench.stored(due(90_000)).await;
    let mut ticks = watch(bench)?;
    bench.apply(now(), &[change(&row).wakes(at(1)).build()]).await;
    assert!(ticked(bench, &mut ticks).await, "a row that was moved to now");
    let row = bench.row(row.id).await;
    let fallback = change(&row).wakes(at(90_000)).inserts(due(0)).build();
    bench.apply(now(), &[fallback]).await;
    assert!(ticked(bench, &mut ticks).await, "a row that a change inserted");
    Ok(())
}
