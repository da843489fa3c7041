//! The same random calls to all stores, to the letter the same answers as the reference.
//!
//! A seed gives a sequence of calls, drawn from what the reference store has stored so far. Every
//! other store answers the same calls with the same arguments; the first answer that differs fails
//! the test, which prints the seed, the command that runs it again, and the shortest sequence that
//! still fails. An ordinary run takes the first seeds; `PUNTUAL_DIFFERENTIAL_SEEDS` says how many,
//! and `PUNTUAL_DIFFERENTIAL_SEED` with which one to begin:
//!
//! ```text
//! PUNTUAL_DIFFERENTIAL_SEEDS=1000000 cargo test --release --all-features --test it differential
//! ```

mod broken;
mod call;
mod draw;
mod party;
#[cfg(feature = "postgres")]
mod postgres;
mod reached;
mod shrink;
mod sqlite;
mod world;

use chrono::{DateTime, TimeDelta, Utc};

use self::reached::Reached;
use self::world::World;

const FIRST: &str = "PUNTUAL_DIFFERENTIAL_SEED";
const COUNT: &str = "PUNTUAL_DIFFERENTIAL_SEEDS";

/// So many threads share the seeds of one test, each with stores of its own.
const LANES: u64 = 2;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::seconds(seconds)
}

fn number(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{variable} is no number: {value}")))
}

/// Runs `ordinary` seeds, or those that the environment asks for, in two lanes; `worlds` has the
/// stores of each.
async fn run(test: &'static str, ordinary: u64, worlds: [World; LANES as usize]) {
    let (first, count) = (number(FIRST).unwrap_or(0), number(COUNT).unwrap_or(ordinary));
    let lane = |(lane, mut world): (u64, World)| {
        tokio::spawn(async move {
            let seeds = (first + lane..first + count).step_by(LANES as usize);
            for seed in seeds {
                if let Some(failure) = world.check(seed).await {
                    panic!("{}", failure.report(test));
                }
            }
            world.reached
        })
    };
    let lanes: Vec<_> = (0..).zip(worlds).map(lane).collect();
    let mut reached = Reached::default();
    for lane in lanes {
        match lane.await {
            Ok(of_lane) => reached.extend(of_lane),
            Err(failed) => std::panic::resume_unwind(failed.into_panic()),
        }
    }
    println!("{count} sequences from seed {first}:\n{reached}");
    if count >= ordinary {
        reached.check();
    }
}
