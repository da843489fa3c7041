//! The shortest sequence that still fails: without the calls, and the items of calls, that it does
//! not need.

use super::call::Step;
use super::world::World;

/// Drops what can be dropped from a sequence that fails.
pub(super) async fn shrink(world: &mut World, steps: Vec<Step>) -> Vec<Step> {
    let mut shortest = steps;
    keep_if_failing(world, &mut shortest, |_| {}).await;
    loop {
        drop_calls(world, &mut shortest).await;
        // Without some items another call may be needless.
        if !drop_items(world, &mut shortest).await {
            return shortest;
        }
    }
}

/// Drops calls: half of them at a time, then fewer, until none is needless.
async fn drop_calls(world: &mut World, shortest: &mut Vec<Step>) {
    let mut size = shortest.len().div_ceil(2);
    loop {
        let before = shortest.len();
        let mut start = 0;
        while start < shortest.len() {
            let fewer = |steps: &mut Vec<Step>| {
                let end = (start + size).min(steps.len());
                steps.drain(start..end);
            };
            if !keep_if_failing(world, shortest, fewer).await {
                start += size;
            }
        }
        if size == 1 && shortest.len() == before {
            return;
        }
        size = size.div_ceil(2);
    }
}

/// Drops items of batches; says whether there were any.
async fn drop_items(world: &mut World, shortest: &mut Vec<Step>) -> bool {
    let (mut any, mut step) = (false, 0);
    while step < shortest.len() {
        let mut smaller = shortest[step].call.smaller().into_iter();
        let found = loop {
            let Some(call) = smaller.next() else { break false };
            if keep_if_failing(world, shortest, |steps| steps[step].call = call).await {
                break true;
            }
        };
        any |= found;
        step += usize::from(!found);
    }
    any
}

/// Changes the sequence, up to its first wrong answer, if it fails afterwards too.
async fn keep_if_failing(
    world: &mut World,
    steps: &mut Vec<Step>,
    change: impl FnOnce(&mut Vec<Step>),
) -> bool {
    let mut changed = steps.clone();
    change(&mut changed);
    let Some(difference) = world.difference(&changed).await else { return false };
    changed.truncate(difference.step + 1);
    *steps = changed;
    true
}
