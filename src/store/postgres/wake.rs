//! Wake-ups: one word to every process when earlier work may have arrived.
//!
//! Engines of this process hear of our own commits directly; those of others, and everybody of a
//! host's own transaction, by NOTIFY. Whatever is lost on the way is found by the poll.

use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{Acquire, Connection};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::connections::{Around, Connections, PoolerMode, session};
use super::error::Sql;
use super::schema::SchemaName;
use crate::time::{Clock, SystemClock};

/// How often the listening connection is asked whether it still lives, and how long that may take.
pub(super) const WATCH_EVERY: Duration = Duration::from_secs(120);
const WATCH_LIMIT: Duration = Duration::from_secs(10);

/// The pause before a lost connection is opened again: the first one, and the longest.
const PAUSE_FIRST: Duration = Duration::from_millis(250);
const PAUSE_LONGEST: Duration = Duration::from_secs(30);

/// Says and hears that there is work.
pub(super) struct Wakes {
    shared: Arc<Hearing>,
    /// Where to listen, if not where the pool connects to.
    direct: Option<PgConnectOptions>,
    /// How often to ask whether that connection lives.
    watch: Duration,
    /// Whether a NOTIFY is about to be sent: it speaks for all that is committed until then.
    announced: Arc<AtomicBool>,
    /// Made when somebody first listens.
    listener: OnceLock<AbortHandle>,
}

/// What the listener and its store share.
struct Hearing {
    channel: String,
    ticks: watch::Sender<u64>,
    /// The session that listens; [`NOBODY`] while none does.
    session: AtomicI32,
}

/// The number of no session.
const NOBODY: i32 = 0;

impl Wakes {
    pub(super) fn new(
        schema: &SchemaName,
        direct: Option<PgConnectOptions>,
        watch: Duration,
    ) -> Wakes {
        let hearing = Hearing {
            channel: format!("{schema}_wake"),
            ticks: watch::Sender::new(0),
            session: AtomicI32::new(NOBODY),
        };
        Wakes {
            shared: Arc::new(hearing),
            direct,
            watch,
            announced: Arc::default(),
            listener: OnceLock::new(),
        }
    }

    /// The name under which NOTIFY sends and LISTEN hears.
    pub(super) fn channel(&self) -> &str {
        &self.shared.channel
    }

    /// Where to listen, if the host said so.
    pub(super) fn direct(&self) -> Option<&PgConnectOptions> {
        self.direct.as_ref()
    }

    /// How often the listening connection is asked whether it lives.
    pub(super) fn watch(&self) -> Duration {
        self.watch
    }

    /// Whether a connection listens at this moment; `None` where nobody asked to hear of work.
    pub(super) fn hears(&self) -> Option<bool> {
        self.listener.get().map(|_| self.shared.session.load(Ordering::Acquire) != NOBODY)
    }

    /// Hears of work from now on. Outside a runtime there is nobody to listen; the poll remains.
    pub(super) fn subscribe(&self, connections: &Arc<Connections>) -> watch::Receiver<u64> {
        let ticks = self.shared.ticks.subscribe();
        if let Ok(runtime) = Handle::try_current() {
            self.listener.get_or_init(|| {
                let (connections, shared) = (Arc::clone(connections), Arc::clone(&self.shared));
                let listening = listen(connections, self.direct.clone(), self.watch, shared);
                runtime.spawn(listening).abort_handle()
            });
        }
        ticks
    }

    /// Tells everybody, after a commit of our own. A NOTIFY that fails is not repeated.
    pub(super) fn announce(&self, connections: &Arc<Connections>) {
        tick(&self.shared.ticks);
        if self.announced.swap(true, Ordering::AcqRel) {
            return;
        }
        let (connections, announced) = (Arc::clone(connections), Arc::clone(&self.announced));
        let shared = Arc::clone(&self.shared);
        tokio::spawn(async move {
            let sent =
                connections.run(Around::AsNeeded, "notify", move |connection, statements| {
                    announced.store(false, Ordering::Release);
                    // Our own listener knows it by its number, and does not say it a second time.
                    let session = shared.session.load(Ordering::Acquire).to_string();
                    let query =
                        statements.notify.query().bind(shared.channel.clone()).bind(session);
                    Box::pin(async move { query.execute(connection).await.map(drop) })
                });
            let _ = sent.await;
        });
    }

    /// Stops listening, for good.
    pub(super) fn stop(&self) {
        if let Some(listener) = self.listener.get() {
            listener.abort();
        }
        self.shared.session.store(NOBODY, Ordering::Release);
    }
}

impl Drop for Wakes {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Listens for ever, on one connection after the other; behind a pooler that passes nothing on,
/// not at all.
async fn listen(
    connections: Arc<Connections>,
    direct: Option<PgConnectOptions>,
    watch: Duration,
    shared: Arc<Hearing>,
) {
    let clock = SystemClock::new();
    let mut pause = PAUSE_FIRST;
    loop {
        let options = match (&direct, connections.find_mode().await) {
            (Some(direct), _) => Some(direct.clone()),
            (None, Ok(Some(PoolerMode::Session))) => {
                Some((*connections.pool().connect_options()).clone())
            }
            (None, Ok(Some(PoolerMode::Transaction))) => return,
            (None, Ok(None) | Err(_)) => None,
        };
        let mut connected = false;
        if let Some(options) = options {
            // An error says no more than the end of the connection does.
            let _ = hear(&options, watch, &shared, &clock, &mut connected).await;
            shared.session.store(NOBODY, Ordering::Release);
        }
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
    watch: Duration,
    shared: &Hearing,
    clock: &SystemClock,
    connected: &mut bool,
) -> Sql<()> {
    let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
    let pool = pool.connect_with(options.clone()).await?;
    let mut listener = PgListener::connect_with(&pool).await?;
    listener.eager_reconnect(false);
    let mine = session(listener.acquire().await?).await?;
    listener.listen(&shared.channel).await?;
    *connected = true;
    shared.session.store(mine, Ordering::Release);
    let mine = mine.to_string();
    // What came before was not heard.
    tick(&shared.ticks);
    loop {
        tokio::select! {
            biased;
            heard = listener.try_recv() => match heard? {
                // Of our own commits the engine knows.
                Some(heard) if heard.payload() == mine => {}
                Some(_) => tick(&shared.ticks),
                None => return Ok(()),
            },
            () = clock.sleep(watch) => tokio::select! {
                biased;
                alive = async { listener.acquire().await?.ping().await } => alive?,
                () = clock.sleep(watch.min(WATCH_LIMIT)) => return Ok(()),
            },
        }
    }
}

fn tick(ticks: &watch::Sender<u64>) {
    ticks.send_modify(|tick| *tick = tick.wrapping_add(1));
}
