//! The one writer: takes what is queued, one transaction a turn, on a connection of its own.
//!
//! SQLite lets one connection write at a time. Callers that each took the lock would commit, and
//! wait for the disk, one after the other; queued, they share one commit. The writer is a task of
//! its own, so that a caller who is dropped leaves no transaction half done.

use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions, Connection};
use tokio::sync::{mpsc, watch};

use super::error::Sql;
use super::rows;
use super::turn::{Job, Turn};
use crate::store::StoreIdentity;
use crate::time::{Clock, SystemClock, saturating_add};

/// Asks that wait for the writer; whoever comes next waits for a place.
pub(super) const QUEUE: usize = 1_024;

/// Items after which a turn takes no more asks.
const TURN_ITEMS: usize = 1_000;

/// How often the writer looks whether another connection has written.
const WATCH_EVERY: Duration = Duration::from_secs(1);

/// Owns the connection that writes.
pub(super) struct Writer {
    options: SqliteConnectOptions,
    connection: Option<SqliteConnection>,
    identity: StoreIdentity,
    jobs: mpsc::Receiver<Job>,
    wakeups: watch::Sender<u64>,
    /// What `pragma data_version` said last; it changes when another connection has written.
    seen: Option<i64>,
}

impl Writer {
    pub(super) fn new(
        options: SqliteConnectOptions,
        connection: SqliteConnection,
        identity: StoreIdentity,
        jobs: mpsc::Receiver<Job>,
        wakeups: watch::Sender<u64>,
    ) -> Writer {
        Writer { options, connection: Some(connection), identity, jobs, wakeups, seen: None }
    }

    /// Works until it is told to close or every store that could ask is gone; what is queued by
    /// then is still done.
    pub(super) async fn run(mut self) {
        self.look_for_others().await;
        let clock = SystemClock::new();
        let next_look = || clock.sleep_until(saturating_add(clock.now(), WATCH_EVERY));
        let mut look = next_look();
        loop {
            tokio::select! {
                biased;
                () = &mut look => {
                    self.look_for_others().await;
                    look = next_look();
                }
                job = self.jobs.recv() => match job {
                    Some(job) => self.turn(job).await,
                    None => break,
                },
            }
        }
        if let Some(connection) = self.connection {
            // Nothing is left to do for an error here: all that was answered is on disk.
            let _ = connection.close().await;
        }
    }

    async fn turn(&mut self, first: Job) {
        let mut turn = Turn::default();
        let mut next = Some(first);
        while let Some(job) = next {
            if !turn.add(job) {
                self.jobs.close();
            }
            next = if turn.len() < TURN_ITEMS { self.jobs.try_recv().ok() } else { None };
        }
        if turn.len() == 0 {
            return;
        }
        let mut connection = match self.take_connection().await {
            Ok(connection) => connection,
            Err(cause) => return turn.fail(&Arc::new(cause)),
        };
        let ended = turn.run(&mut connection, &self.identity).await;
        if ended.wakes {
            self.wake();
        }
        if !ended.broken {
            self.connection = Some(connection);
        }
    }

    /// The connection, or a new one after one broke.
    async fn take_connection(&mut self) -> Sql<SqliteConnection> {
        match self.connection.take() {
            Some(connection) => Ok(connection),
            None => {
                // The new one cannot tell what was written in the meantime.
                self.seen = None;
                self.wake();
                self.options.connect().await
            }
        }
    }

    /// Wakes engines when another connection, of this process or another, has written.
    async fn look_for_others(&mut self) {
        if self.wakeups.receiver_count() == 0 && self.seen.is_some() {
            return;
        }
        let Some(connection) = &mut self.connection else { return };
        let version = sqlx::query("pragma data_version").fetch_one(connection).await;
        let Ok(version) = version.map(|row| rows::number(&row, 0)) else { return };
        if self.seen.replace(version).is_some_and(|seen| seen != version) {
            self.wake();
        }
    }

    fn wake(&self) {
        self.wakeups.send_modify(|tick| *tick = tick.wrapping_add(1));
    }
}
