//! What stands in the way of a pending task, each with its sentence; the most decisive first.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::face::Face;
use super::redact::redacted;
use super::wire;
use crate::scheduler::{Paused, SuppressionReason, Surroundings};
use crate::task::{Reason, SafeText, Task, TaskState};

/// Something that stands in the way of a pending task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Blocker {
    /// What it is.
    pub what: Obstacle,
    /// A full sentence about it.
    pub sentence: String,
    /// Since when, where that is known.
    #[serde(serialize_with = "wire::instant_option")]
    pub since: Option<DateTime<Utc>>,
    /// Until when, where that is known.
    #[serde(serialize_with = "wire::instant_option")]
    pub until: Option<DateTime<Utc>>,
}

/// What can stand in the way of a pending task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Obstacle {
    /// The database is sealed for another environment.
    Sealed,
    /// A newer version stored the task in a way that this one does not know.
    NewerVersion,
    /// It has expired, which is recorded at the next look.
    Expired,
    /// A person must decide.
    Held,
    /// Its stored record is damaged.
    Damaged,
    /// A claim holds it.
    Claimed,
    /// Nothing is sent to its address.
    Suppressed,
    /// Its channel is paused.
    ChannelPaused,
    /// Its kind is paused.
    KindPaused,
    /// The breaker of its channel is open.
    BreakerOpen,
    /// Its channel has sent as much as it may for the moment.
    RateLimited,
    /// No running engine serves its channel.
    NoWorker,
    /// It is not due, or its next attempt is not.
    NotDue,
    /// An engine reports trouble.
    Trouble,
}

impl Obstacle {
    /// Why a task is not sent on account of it, where the engine has a word for that.
    pub(super) fn reason(self) -> Option<Reason> {
        match self {
            Obstacle::NewerVersion => Some(Reason::NewerVersion),
            Obstacle::Expired => Some(Reason::TooLate),
            Obstacle::Damaged => Some(Reason::Corrupt),
            Obstacle::ChannelPaused | Obstacle::KindPaused => Some(Reason::Paused),
            Obstacle::BreakerOpen => Some(Reason::ChannelDown),
            Obstacle::RateLimited => Some(Reason::RateLimited),
            Obstacle::NoWorker => Some(Reason::NoNotifier),
            Obstacle::Sealed
            | Obstacle::Held
            | Obstacle::Suppressed
            | Obstacle::Claimed
            | Obstacle::NotDue
            | Obstacle::Trouble => None,
        }
    }
}

/// Everything that stands in the way of `task`; nothing for a finished one.
pub(super) fn blockers(task: &Task, around: &Surroundings, face: Face<'_>) -> Vec<Blocker> {
    if task.is_finished() {
        return Vec::new();
    }
    let look = Look { task, around, face, now: around.now };
    let found =
        [look.sealed(), look.own_state(), look.damaged(), look.claimed(), look.suppressed()];
    let mut all: Vec<Blocker> = found.into_iter().flatten().collect();
    all.extend(look.pauses());
    let rest = [look.breaker(), look.rate(), look.no_worker(), look.not_due()];
    all.extend(rest.into_iter().flatten());
    all.extend(look.troubles());
    all
}

struct Look<'a> {
    task: &'a Task,
    around: &'a Surroundings,
    face: Face<'a>,
    now: DateTime<Utc>,
}

impl Look<'_> {
    fn sealed(&self) -> Option<Blocker> {
        let (ours, seal) = (self.around.environment.as_ref()?, self.around.seal.as_ref()?);
        (ours != seal).then(|| {
            let (ours, seal) = (SafeText::new(ours), SafeText::new(seal));
            Blocker::new(
                Obstacle::Sealed,
                format!(
                    "The database is sealed for the environment \"{seal}\" and this is \
                     \"{ours}\": nothing is sent from here until adopt() is called."
                ),
            )
        })
    }

    fn own_state(&self) -> Option<Blocker> {
        let expires_at = self.task.expires_at;
        if self.task.state == TaskState::Unknown {
            let text = "A newer version of this library stored it in a state that this one does \
                        not know; it is left alone.";
            return Some(Blocker::new(Obstacle::NewerVersion, text.to_owned()));
        }
        if expires_at <= self.now {
            let when = self.face.relative(self.now, expires_at);
            let text = format!("It expired at {when}, which is recorded at the next look.");
            return Some(Blocker::new(Obstacle::Expired, text).since(Some(expires_at)));
        }
        (self.task.state == TaskState::Held).then(|| {
            let when = self.face.relative(self.now, expires_at);
            let text = format!("A person must decide about it; left alone, it expires at {when}.");
            Blocker::new(Obstacle::Held, text).until(Some(expires_at))
        })
    }

    fn damaged(&self) -> Option<Blocker> {
        let error = self.task.body.decode(&self.task.data).err()?;
        let text = format!("Nothing can be sent from its stored record: {error}.");
        let what = match error.is_newer_version() {
            true => Obstacle::NewerVersion,
            false => Obstacle::Damaged,
        };
        Some(Blocker::new(what, text))
    }

    fn claimed(&self) -> Option<Blocker> {
        let lease = self.task.lease.filter(|lease| lease.until > self.now)?;
        let until = self.face.relative(self.now, lease.until);
        let text = match self.task.handed_off_at {
            Some(at) => format!(
                "A worker handed it off at {}; without an answer, its lease ends at {until}.",
                self.face.at(at)
            ),
            None => format!("A worker has taken it; its lease ends at {until}."),
        };
        Some(Blocker::new(Obstacle::Claimed, text).until(Some(lease.until)))
    }

    fn suppressed(&self) -> Option<Blocker> {
        let found = self.around.suppressed.get(&self.task.id)?;
        let code = found.code.as_ref().map(|code| format!(" ({})", redacted(code)));
        let why = match found.reason {
            SuppressionReason::Undeliverable => "Its address is suppressed",
            SuppressionReason::OptedOut => "Its recipient wants no messages on this channel",
        };
        let until = found.until.map(|at| format!(" until {}", self.face.relative(self.now, at)));
        let text = format!(
            "{why}{} since {}{}: when its turn comes it fails unattempted.",
            code.unwrap_or_default(),
            self.face.relative(self.now, found.since),
            until.unwrap_or_default()
        );
        let blocker = Blocker::new(Obstacle::Suppressed, text);
        Some(blocker.since(Some(found.since)).until(found.until))
    }

    fn pauses(&self) -> Vec<Blocker> {
        let (channel, kind) = (&self.task.channel, &self.task.kind);
        let mut found = Vec::new();
        for (paused, since) in &self.around.pauses {
            let (what, name) = match paused {
                Paused::Channel(paused) if paused == channel => {
                    (Obstacle::ChannelPaused, format!("channel {channel}"))
                }
                Paused::Kind(paused) if paused == kind => {
                    (Obstacle::KindPaused, format!("kind {kind}"))
                }
                Paused::Channel(_) | Paused::Kind(_) => continue,
            };
            let when = since.map(|at| format!(" since {}", self.face.relative(self.now, at)));
            let text = format!(
                "A person has paused the {name}{}; it waits until the pause ends.",
                when.unwrap_or_default()
            );
            found.push(Blocker::new(what, text).since(*since));
        }
        found
    }

    fn breaker(&self) -> Option<Blocker> {
        let known = self.around.breakers.iter().find(|(channel, _)| *channel == self.task.channel);
        let (channel, breaker) = known?;
        let (since, until) = (breaker.open_since(), breaker.open_until(self.now));
        let since = since.filter(|_| until.is_some())?;
        let until = until?;
        let why = breaker.reason().filter(|why| !why.is_empty());
        let why = why.map(|why| format!(" ({})", redacted(&SafeText::new(why))));
        let text = format!(
            "The channel {channel} does not work{} since {}; it is tried again at {}.",
            why.unwrap_or_default(),
            self.face.relative(self.now, since),
            self.face.relative(self.now, until)
        );
        Some(Blocker::new(Obstacle::BreakerOpen, text).since(Some(since)).until(Some(until)))
    }

    fn rate(&self) -> Option<Blocker> {
        let closed = self.around.paced.iter().find(|(of, _, _)| *of == self.task.channel);
        let (channel, rate, until) = closed?;
        let when = self.face.relative(self.now, *until);
        let text = format!(
            "The channel {channel} may send {rate} and has done so; it goes on at {when}, what has \
             high priority first."
        );
        Some(Blocker::new(Obstacle::RateLimited, text).until(Some(*until)))
    }

    fn no_worker(&self) -> Option<Blocker> {
        let running = self.around.running.as_ref()?;
        let channel = &self.task.channel;
        if running.iter().any(|engine| engine.channels.contains(channel)) {
            return None;
        }
        let text = match running.len() {
            0 => format!("No engine runs on this store, so none serves the channel {channel}."),
            1 => format!("The one engine that runs does not serve the channel {channel}."),
            many => format!("None of the {many} running engines serves the channel {channel}."),
        };
        Some(Blocker::new(Obstacle::NoWorker, text))
    }

    fn not_due(&self) -> Option<Blocker> {
        if self.task.state != TaskState::Scheduled {
            return None;
        }
        let wake_at = self.task.wake_at.filter(|wake_at| *wake_at > self.now)?;
        let when = self.face.relative(self.now, wake_at);
        let text = match (self.task.due_at > self.now, self.task.attempts) {
            (true, _) => format!("It is not due before {when}."),
            (false, 0) => format!("It was put off until {when}."),
            (false, spent) => format!("Attempt {} does not follow before {when}.", spent + 1),
        };
        Some(Blocker::new(Obstacle::NotDue, text).until(Some(wake_at)))
    }

    fn troubles(&self) -> Vec<Blocker> {
        let own = self.around.trouble.iter().map(|what| ("This engine".to_owned(), what));
        let others = self.around.running.iter().flatten().filter_map(|engine| {
            Some((format!("The engine {}", engine.name), engine.trouble.as_ref()?))
        });
        // What this engine says of itself stands in its own note too.
        let others = others.filter(|(_, what)| Some(*what) != self.around.trouble.as_ref());
        own.chain(others)
            .map(|(who, what)| {
                let what = redacted(&SafeText::new(what));
                Blocker::new(Obstacle::Trouble, format!("{who} reports trouble: {what}."))
            })
            .collect()
    }
}

impl Blocker {
    fn new(what: Obstacle, sentence: String) -> Blocker {
        Blocker { what, sentence, since: None, until: None }
    }

    fn since(self, since: Option<DateTime<Utc>>) -> Blocker {
        Blocker { since, ..self }
    }

    fn until(self, until: Option<DateTime<Utc>>) -> Blocker {
        Blocker { until, ..self }
    }
}

#[cfg(test)]
mod tests;
