//! A few connections to one relay, used one after the other by many messages.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::phase::{Fault, SmtpPhase, Trouble};
use super::relay::Relay;
use super::session::Session;

/// A connection that nobody used for so long is closed instead of used: servers close theirs
/// after five minutes at the earliest (RFC 5321, section 4.5.3.2.7), firewalls forget sooner.
const IDLE_MAX: Duration = Duration::from_secs(60);

/// For so long fewer connections are opened after the server said that there are too many.
const FEWER_FOR: Duration = Duration::from_secs(10 * 60);

/// At most as many sessions as the relay's settings allow, idle ones included.
pub(super) struct Pool {
    relay: Arc<Relay>,
    /// A permit for each session at work. Whoever has one takes an idle session where there is
    /// one, so there are never more sessions than permits.
    permits: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Idle sessions, the last one used last, and since when.
    idle: Vec<(Duration, Session)>,
    at_work: usize,
    /// Permits that were taken away because the server takes no more connections, and when.
    taken_away: Option<(Duration, usize)>,
}

/// A session at work. Dropped, it is closed.
pub(super) struct Taken {
    pub(super) session: Session,
    /// Whether it served another message before.
    pub(super) used: bool,
    count: AtWork,
}

impl Pool {
    pub(super) fn new(relay: Arc<Relay>) -> Pool {
        let permits = Arc::new(Semaphore::new(relay.connections));
        Pool { relay, permits, state: Mutex::default() }
    }

    /// An idle session that is still good, or a new one. Waits while all are at work.
    ///
    /// A server that takes no further connection (421 as its greeting) while others are at work
    /// gets fewer for a while: this message waits for one of those.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a session in the making is closed.
    pub(super) async fn take(self: &Arc<Self>, fresh: bool) -> Result<Taken, Trouble> {
        loop {
            let count = self.start_work().await;
            while let Some(mut session) = self.idle_session() {
                if !fresh && session.is_ready(&self.relay).await {
                    return Ok(Taken { session, used: true, count });
                }
                session.leave();
            }
            match Session::open(&self.relay).await {
                Ok(session) => return Ok(Taken { session, used: false, count }),
                Err(trouble) if takes_no_more(&trouble) => {
                    if !self.allow_fewer(count) {
                        return Err(trouble);
                    }
                }
                Err(trouble) => return Err(trouble),
            }
        }
    }

    /// Gives a session back after a step that ended well; others are closed.
    pub(super) fn give_back(&self, taken: Taken) {
        let Taken { session, count, .. } = taken;
        if !session.in_step {
            return;
        }
        if session.accepted >= self.relay.messages_per_connection {
            session.leave();
            return;
        }
        let now = self.relay.clock.monotonic();
        self.state().idle.push((now, session));
        drop(count);
    }

    async fn start_work(self: &Arc<Self>) -> AtWork {
        let now = self.relay.clock.monotonic();
        let given_back = self.state().taken_away.take_if(|(at, _)| now >= *at + FEWER_FOR);
        if let Some((_, permits)) = given_back {
            self.permits.add_permits(permits);
        }
        // The semaphore is never closed.
        let permit = self.permits.clone().acquire_owned().await.ok();
        self.state().at_work += 1;
        AtWork { pool: self.clone(), permit }
    }

    /// The idle session that was used last; those that are too old are closed.
    fn idle_session(&self) -> Option<Session> {
        let now = self.relay.clock.monotonic();
        let mut state = self.state();
        let old = state.idle.iter().take_while(|(since, _)| now > *since + IDLE_MAX).count();
        let old: Vec<_> = state.idle.drain(..old).collect();
        let found = state.idle.pop();
        drop(state);
        for (_, session) in old {
            session.leave();
        }
        found.map(|(_, session)| session)
    }

    /// Takes one connection away, if others are at work.
    fn allow_fewer(&self, mut count: AtWork) -> bool {
        let now = self.relay.clock.monotonic();
        let mut state = self.state();
        if state.at_work < 2 {
            return false;
        }
        let (at, permits) = state.taken_away.get_or_insert((now, 0));
        (*at, *permits) = (now, *permits + 1);
        drop(state);
        if let Some(permit) = count.permit.take() {
            permit.forget();
        }
        true
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// 421 as the greeting. Where TLS begins at once, Exim says it in clear before the handshake.
fn takes_no_more(trouble: &Trouble) -> bool {
    match &trouble.what {
        Fault::Refused(reply) => reply.code() == 421 && trouble.phase == SmtpPhase::Greeting,
        Fault::InClear => true,
        _ => false,
    }
}

/// One session at work; counted until it is dropped.
struct AtWork {
    pool: Arc<Pool>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.pool.state().at_work -= 1;
    }
}
