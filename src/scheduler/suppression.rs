//! Addresses to which nothing is sent: refused for good by their provider, or not wanted by their
//! person. Shared through the store's notes, and known there by a keyed digest alone.

mod asking;
mod digest;
mod entries;

pub(crate) use entries::Suppressions;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::task::{Channel, Reason, SafeText};
use crate::time::wire;

/// An address to which nothing is sent.
///
/// The address itself is not kept, only a keyed digest of it: whoever has an address can ask about
/// it ([`Scheduler::suppression`](crate::Scheduler::suppression)), and nobody can read one here. Whoever
/// reads the whole database has the key too, and can try addresses that he knows already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Suppression {
    /// The channel that it holds for; other channels of the same person are not touched.
    pub channel: Channel,
    /// Why.
    pub reason: SuppressionReason,
    /// The code that the provider gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<SafeText>,
    /// Since when.
    #[serde(with = "wire::instant")]
    pub since: DateTime<Utc>,
    /// When it ends by itself; `None` where only a person's word ends it.
    #[serde(default, with = "wire::instant_option")]
    pub until: Option<DateTime<Utc>>,
}

/// Why nothing is sent to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SuppressionReason {
    /// Its provider refused it for good, as an address and not for the message: there is no such
    /// mailbox. It ends by itself
    /// ([`Config::suppress_for`](super::Config::suppress_for)), because mailboxes come back.
    Undeliverable,
    /// The person wants no messages there. It never ends by itself.
    OptedOut,
}

impl SuppressionReason {
    /// The reason that tasks are given.
    pub(crate) fn of_task(self) -> Reason {
        match self {
            SuppressionReason::Undeliverable => Reason::Suppressed,
            SuppressionReason::OptedOut => Reason::OptedOut,
        }
    }
}

impl Suppression {
    /// Whether it holds at an instant.
    pub fn holds_at(&self, now: DateTime<Utc>) -> bool {
        self.until.is_none_or(|until| now < until)
    }

    /// Whether it is what a person said, which outlasts a provider's word.
    fn is_a_word(&self) -> bool {
        self.reason == SuppressionReason::OptedOut
    }

    /// What is to be kept where both are known: a person's word outlasts a provider's.
    fn joined(self, stored: Option<Suppression>, now: DateTime<Utc>) -> Suppression {
        match stored.filter(|stored| stored.holds_at(now)) {
            Some(stored) if stored.is_a_word() && !self.is_a_word() => stored,
            Some(stored) => Suppression { since: stored.since.min(self.since), ..self },
            None => self,
        }
    }
}
