//! Connections kept at hand between two calls.
//!
//! A pool asks a connection whether it lives each time it lends one and each time it gets one
//! back: two round trips around a statement that is one itself. What was in use a moment ago need
//! not be asked, so a few connections wait here for the next call, and go back to the pool, and
//! so to the host, when none comes.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgPool;

use crate::time::{Clock, SystemClock};

/// How long a connection waits for the next call.
const IDLE_MAX: Duration = Duration::from_millis(200);
/// How long one is kept in use before the pool sees it again, and may find that it is too old.
const KEPT_MAX: Duration = Duration::from_secs(60);

/// A connection of the pool, and since when it is ours.
pub(super) struct Lent {
    pub(super) connection: PoolConnection<Postgres>,
    since: Duration,
}

/// Up to half of a pool's connections, as long as they are used again at once.
pub(super) struct Warm {
    pool: PgPool,
    kept: Arc<Kept>,
}

struct Kept {
    max: usize,
    clock: SystemClock,
    list: Mutex<List>,
}

#[derive(Default)]
struct List {
    /// Each with the time of its last use, the latest last.
    idle: Vec<(Duration, Lent)>,
    /// Whether somebody sees to what is too long unused.
    watched: bool,
}

impl Warm {
    pub(super) fn new(pool: PgPool) -> Warm {
        // The other half is the host's, which may be waiting for one.
        let max = pool.options().get_max_connections() / 2;
        let (clock, list) = (SystemClock::new(), Mutex::default());
        Warm { pool, kept: Arc::new(Kept { max: max as usize, clock, list }) }
    }

    /// The connection that was in use last, or one of the pool.
    pub(super) async fn acquire(&self) -> Result<Lent, sqlx::Error> {
        if !self.pool.is_closed()
            && let Some((_, lent)) = self.kept.lock().idle.pop()
        {
            return Ok(lent);
        }
        let connection = self.pool.acquire().await?;
        Ok(Lent { connection, since: self.kept.clock.monotonic() })
    }

    /// Takes one back that has answered all that it was asked.
    pub(super) fn keep(&self, lent: Lent) {
        let now = self.kept.clock.monotonic();
        if self.pool.is_closed() || self.is_drained() || now.saturating_sub(lent.since) >= KEPT_MAX
        {
            return;
        }
        let mut list = self.kept.lock();
        if list.idle.len() >= self.kept.max {
            return;
        }
        list.idle.push((now, lent));
        if !std::mem::replace(&mut list.watched, true) {
            drop(list);
            tokio::spawn(watch(Watch(self.kept.clone())));
        }
    }

    /// Whether the pool has none left, so that somebody may be waiting for this one.
    fn is_drained(&self) -> bool {
        self.pool.num_idle() == 0 && self.pool.size() >= self.pool.options().get_max_connections()
    }

    /// Gives all of them back to the pool: one was lost, so the others may be, or it closes.
    pub(super) fn clear(&self) {
        let idle = std::mem::take(&mut self.kept.lock().idle);
        drop(idle);
    }
}

impl Kept {
    fn lock(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was unused for too long; `None` once nothing is left to see to.
    fn unused(&self) -> Option<Vec<(Duration, Lent)>> {
        let now = self.clock.monotonic();
        let mut list = self.lock();
        if list.idle.is_empty() {
            return None;
        }
        let count = list.idle.partition_point(|(used, _)| now.saturating_sub(*used) >= IDLE_MAX);
        Some(list.idle.drain(..count).collect())
    }
}

/// Whoever gives back what is unused. When it ends, because nothing is left or because its runtime
/// ends, all goes: a connection works in the runtime only that it was opened in.
struct Watch(Arc<Kept>);

impl Drop for Watch {
    fn drop(&mut self) {
        let all = std::mem::take(&mut *self.0.lock());
        drop(all);
    }
}

async fn watch(watch: Watch) {
    loop {
        watch.0.clock.sleep(IDLE_MAX).await;
        match watch.0.unused() {
            Some(unused) => drop(unused),
            None => return,
        }
    }
}
