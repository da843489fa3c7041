//! Wake-ups: one word to every process when earlier work may have arrived.
//!
//! Engines of this process hear of our own commits directly; those of others, and everybody of a
//! host's own transaction, by NOTIFY. Whatever is lost on the way is found by the poll.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPool, PgPoolOptions};
use sqlx::{Acquire, Connection};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::error::Sql;
use super::schema::SchemaName;
use super::sql::Statements;
use crate::time::{Clock, SystemClock};

/// How often the listening connection is asked whether it still lives, and how long that may take.
const WATCH_EVERY: Duration = Duration::from_secs(120);
const WATCH_LIMIT: Duration = Duration::from_secs(10);

/// The pause before a lost connection is opened again: the first one, and the longest.
const PAUSE_FIRST: Duration = Duration::from_millis(250);
const PAUSE_LONGEST: Duration = Duration::from_secs(30);

/// Says and hears that there is work.
pub(super) struct Wakes {
    pool: PgPool,
    channel: String,
    statements: Arc<Statements>,
    ticks: watch::Sender<u64>,
    /// Whether a NOTIFY is about to be sent: it speaks for all that is committed until then.
    announced: Arc<AtomicBool>,
    /// Made when somebody first listens.
    listener: OnceLock<AbortHandle>,
}

impl Wakes {
    pub(super) fn new(pool: &PgPool, schema: &SchemaName, statements: Arc<Statements>) -> Wakes {
        Wakes {
            pool: pool.clone(),
            channel: format!("{schema}_wake"),
            statements,
            ticks: watch::Sender::new(0),
            announced: Arc::default(),
            listener: OnceLock::new(),
        }
    }

    /// The name under which NOTIFY sends and LISTEN hears.
    pub(super) fn channel(&self) -> &str {
        &self.channel
    }

    /// Hears of work from now on. Outside a runtime there is nobody to listen; the poll remains.
    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        let ticks = self.ticks.subscribe();
        if let Ok(runtime) = Handle::try_current() {
            self.listener.get_or_init(|| {
                let options = (*self.pool.connect_options()).clone();
                let listening = listen(options, self.channel.clone(), self.ticks.clone());
                runtime.spawn(listening).abort_handle()
            });
        }
        ticks
    }

    /// Tells everybody, after a commit of our own. A NOTIFY that fails is not repeated.
    pub(super) fn announce(&self) {
        tick(&self.ticks);
        if self.announced.swap(true, Ordering::AcqRel) {
            return;
        }
        let (pool, announced) = (self.pool.clone(), Arc::clone(&self.announced));
        let query = self.statements.notify.query().bind(self.channel.clone());
        tokio::spawn(async move {
            let connection = pool.acquire().await;
            announced.store(false, Ordering::Release);
            if let Ok(mut connection) = connection {
                let _ = query.execute(&mut *connection).await;
            }
        });
    }
}

impl Drop for Wakes {
    fn drop(&mut self) {
        if let Some(listener) = self.listener.get() {
            listener.abort();
        }
    }
}

/// Listens for ever, on one connection after the other.
async fn listen(options: PgConnectOptions, channel: String, ticks: watch::Sender<u64>) {
    let clock = SystemClock::new();
    let mut pause = PAUSE_FIRST;
    loop {
        let mut connected = false;
        // An error says no more than the end of the connection does.
        let _ = hear(&options, &channel, &ticks, &clock, &mut connected).await;
        pause = match connected {
            true => PAUSE_FIRST,
            false => pause.saturating_mul(2).min(PAUSE_LONGEST),
        };
        clock.sleep(pause).await;
    }
}

/// Listens until the connection is lost.
async fn hear(
    options: &PgConnectOptions,
    channel: &str,
    ticks: &watch::Sender<u64>,
    clock: &SystemClock,
    connected: &mut bool,
) -> Sql<()> {
    let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
    let pool = pool.connect_with(options.clone()).await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.eager_reconnect(false);
    listener.listen(channel).await?;
    *connected = true;
    // What came before was not heard.
    tick(ticks);
    loop {
        tokio::select! {
            biased;
            heard = listener.try_recv() => match heard? {
                Some(_) => tick(ticks),
                None => return Ok(()),
            },
            () = clock.sleep(WATCH_EVERY) => tokio::select! {
                biased;
                alive = async { listener.acquire().await?.ping().await } => alive?,
                () = clock.sleep(WATCH_LIMIT) => return Ok(()),
            },
        }
    }
}

fn tick(ticks: &watch::Sender<u64>) {
    ticks.send_modify(|tick| *tick = tick.wrapping_add(1));
}
