//! The engines that run on a store, as their presence notes tell.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::redact::redacted;
use super::wire;
use crate::scheduler::{Running, Surroundings};
use crate::task::{Channel, SafeText};

/// An engine that runs on the store, as it last said itself.
///
/// Engines say so when they start and every five minutes; one that was killed counts as running
/// for up to a quarter of an hour. One that is only asked to process what is due says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Worker {
    /// Its name, made when it was built.
    pub name: String,
    /// When it last said that it runs.
    #[serde(serialize_with = "wire::instant")]
    pub seen_at: DateTime<Utc>,
    /// The channels that it serves.
    pub channels: Vec<Channel>,
    /// The version of its zone rules.
    pub tz_version: String,
    /// What is wrong with it.
    pub trouble: Option<SafeText>,
}

impl Worker {
    /// All of them; `None` where that cannot be known.
    pub(super) fn all(around: &Surroundings) -> Option<Vec<Worker>> {
        let of = |running: &Running| Worker {
            name: running.name.clone(),
            seen_at: running.seen_at,
            channels: running.channels.clone(),
            tz_version: running.tzdb.clone(),
            trouble: running.trouble.as_ref().map(|what| redacted(&SafeText::new(what))),
        };
        around.running.as_ref().map(|running| running.iter().map(of).collect())
    }

    /// The channels, for people.
    pub(super) fn serves(&self) -> String {
        let names: Vec<&str> = self.channels.iter().map(Channel::as_str).collect();
        if names.is_empty() { "no channel".to_owned() } else { names.join(", ") }
    }
}
