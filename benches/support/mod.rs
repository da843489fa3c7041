//! What all benches share: how a figure is taken and printed, and the rows that it is taken with.
#![allow(dead_code, reason = "each bench uses a part of it")]

pub(crate) mod counting;
pub(crate) mod engine;
pub(crate) mod report;
pub(crate) mod rows;
#[cfg(feature = "postgres")]
pub(crate) mod server;

/// Whatever went wrong: a bench only tells it.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The runtime of a host with two cores.
pub(crate) fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

/// Whether there is time for the long workloads: `PUNTUAL_BENCH_FULL=1`.
pub(crate) fn is_full() -> bool {
    std::env::var_os("PUNTUAL_BENCH_FULL").is_some_and(|value| value == "1")
}

/// A number from the environment, for whoever wants another workload.
pub(crate) fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

/// Whether a group of figures was asked for: all are, unless arguments name some
/// (`cargo bench --bench drain -- memory`).
pub(crate) fn is_asked_for(group: &str) -> bool {
    let mut names = std::env::args().skip(1).filter(|name| !name.starts_with('-')).peekable();
    names.peek().is_none() || names.any(|name| name == group)
}

/// The same where arguments choose among several things: all of `those`, unless some are named
/// (`cargo bench --bench lateness -- postgres pickup`).
pub(crate) fn is_chosen(group: &str, those: &[&str]) -> bool {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let is_named = |group: &str| names.iter().any(|name| name == group);
    is_named(group) || !those.iter().any(|other| is_named(other))
}
