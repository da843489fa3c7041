//! From what was seen to what it means: one small rule for each kind of finding.

use chrono::{DateTime, TimeDelta, Utc};

use super::doctor::{Ailment, Finding, Severity};
use super::redact::redacted;
use crate::policy::{Breaker, BreakerState};
use crate::scheduler::{Paused, Surroundings};
use crate::store::{Condition, Durability, Probe, StoreStats};
use crate::task::{Channel, SafeText, TaskState};
use crate::time::TzDatabase;

/// Clocks that differ by more than this are worth a word; at five times as much nothing is claimed.
const SKEW_MAX: TimeDelta = TimeDelta::seconds(1);

/// Longer than this no transaction of a host should be open.
const TRANSACTION_MAX: TimeDelta = TimeDelta::minutes(10);

/// Later than this something that is due should have been claimed: two polls.
const OVERDUE_MAX: TimeDelta = TimeDelta::minutes(2);

/// What was seen.
#[derive(Debug)]
pub(super) struct Symptoms {
    pub(super) now: DateTime<Utc>,
    pub(super) store_error: Option<String>,
    pub(super) probe: Option<Probe>,
    pub(super) condition: Condition,
    pub(super) stats: Option<StoreStats>,
    pub(super) around: Option<Surroundings>,
    pub(super) known_identity: Option<String>,
    /// The server's clock minus ours.
    pub(super) skew: Option<TimeDelta>,
    pub(super) trouble: Option<String>,
    pub(super) tz_version: String,
    /// The version of the system's rules, where they are older than the bundled ones.
    pub(super) tz_stale: Option<String>,
    /// The channels whose notifier's check failed, and how.
    pub(super) failing: Vec<(Channel, String)>,
}

impl Symptoms {
    pub(super) fn new(now: DateTime<Utc>, tzdb: &TzDatabase) -> Symptoms {
        let stale = tzdb.system_version().filter(|_| tzdb.is_system_stale());
        Symptoms {
            now,
            store_error: None,
            probe: None,
            condition: Condition::default(),
            stats: None,
            around: None,
            known_identity: None,
            skew: None,
            trouble: None,
            tz_version: tzdb.version().as_str().to_owned(),
            tz_stale: stale.map(|version| version.as_str().to_owned()),
            failing: Vec::new(),
        }
    }
}

/// What it means, rule by rule.
pub(super) fn findings(seen: &Symptoms) -> Vec<Finding> {
    let mut found = Vec::new();
    found.extend(store(seen));
    found.extend(seal(seen));
    found.extend(identity(seen));
    found.extend(trouble(seen));
    found.extend(clocks(seen));
    found.extend(durability(seen));
    found.extend(server(seen));
    found.extend(zones(seen));
    found.extend(idle(seen));
    found.extend(held(seen));
    found.extend(stopped(seen));
    found.extend(notifiers(seen));
    found
}

fn finding(
    severity: Severity,
    ailment: Ailment,
    what: impl AsRef<str>,
    remedy: impl Into<String>,
) -> Finding {
    let what = redacted(&SafeText::new(what.as_ref()));
    Finding { severity, ailment, what, remedy: remedy.into() }
}

fn store(seen: &Symptoms) -> Option<Finding> {
    let error = seen.store_error.as_ref()?;
    let remedy = "nothing is lost: the engine repeats it until the store answers; see to the store";
    Some(finding(Severity::Critical, Ailment::StoreFails, error, remedy))
}

fn seal(seen: &Symptoms) -> Option<Finding> {
    let around = seen.around.as_ref()?;
    match (&around.environment, &around.seal) {
        (Some(ours), Some(seal)) if ours != seal => {
            let what = format!(
                "the database is sealed for the environment \"{seal}\" and this is \"{ours}\": \
                 nothing is sent"
            );
            let remedy = "if this database shall be this environment's, call adopt(); if it is a \
                copy for tests, leave it";
            Some(finding(Severity::Critical, Ailment::SealedForAnother, what, remedy))
        }
        (None, Some(seal)) => {
            let what = format!(
                "the database is sealed for the environment \"{seal}\", and this engine has no \
                 name: it would send from a copy too"
            );
            let remedy = "give the builder an environment()";
            Some(finding(Severity::Warning, Ailment::Unnamed, what, remedy))
        }
        _ => None,
    }
}

fn identity(seen: &Symptoms) -> Option<Finding> {
    let (known, here) = (seen.known_identity.as_ref()?, &seen.probe.as_ref()?.identity);
    if *known == here.0 {
        return None;
    }
    let what = format!("the database was \"{known}\" and is \"{here}\" now", here = here.0);
    let remedy = "if the database was moved, call adopt(); if this is a copy beside the original, \
        stop this engine: both send the same reminders";
    Some(finding(Severity::Warning, Ailment::IdentityChanged, what, remedy))
}

fn trouble(seen: &Symptoms) -> Option<Finding> {
    let what = seen.trouble.as_ref()?;
    let remedy = "until this is over the engine claims nothing; it goes on by itself";
    Some(finding(Severity::Critical, Ailment::EngineInTrouble, what, remedy))
}

fn clocks(seen: &Symptoms) -> Option<Finding> {
    let skew = seen.skew.filter(|skew| skew.abs() > SKEW_MAX)?;
    let what = format!(
        "the database server's clock is {} ms {} this machine's",
        skew.num_milliseconds().abs(),
        if skew > TimeDelta::zero() { "ahead of" } else { "behind" }
    );
    let remedy = "set both by NTP: something is due once both clocks say so, and above 5 s nothing is \
        claimed";
    Some(finding(Severity::Warning, Ailment::ClockSkew, what, remedy))
}

fn durability(seen: &Symptoms) -> Option<Finding> {
    let (what, remedy) = match seen.probe.as_ref()?.durability {
        Durability::Durable => return None,
        Durability::Relaxed => (
            "what the database answers for may be lost with the power",
            "turn on synchronous_commit and fsync (Postgres), or synchronous = FULL (SQLite)",
        ),
        Durability::Volatile => {
            ("all is kept in memory", "take a store on disk for anything but tests")
        }
    };
    Some(finding(Severity::Warning, Ailment::NotDurable, what, remedy))
}

fn server(seen: &Symptoms) -> Vec<Finding> {
    let mut found = Vec::new();
    if seen.condition.hears_others == Some(false) {
        let what = "work of other processes is not heard of: it waits for the poll, up to a minute";
        let remedy = "behind a pooler give the store with_listener(); else see whether the server \
            has a connection left";
        found.push(finding(Severity::Warning, Ailment::PollOnly, what, remedy));
    }
    if seen.condition.pooled == Some(true) {
        let what =
            "a pooler in transaction mode is in between: each call costs two round trips more";
        let remedy = "nothing has to be done; connect directly for more throughput";
        found.push(finding(Severity::Note, Ailment::Pooled, what, remedy));
    }
    let server_now = seen.probe.as_ref().and_then(|probe| probe.server_time).unwrap_or(seen.now);
    let open = seen.condition.oldest_transaction_at.map(|at| server_now.signed_duration_since(at));
    if let Some(open) = open.filter(|open| *open > TRANSACTION_MAX) {
        let what = format!("a transaction is open for {} minutes", open.num_minutes());
        let remedy = "end it: as long as it is open the database cannot reuse the room of changed \
            rows, and rows that it holds are not sent (pg_stat_activity says whose it is)";
        found.push(finding(Severity::Warning, Ailment::LongTransaction, what, remedy));
    }
    found
}

fn zones(seen: &Symptoms) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(system) = &seen.tz_stale {
        let what = format!(
            "this machine's zone rules are {system}; the bundled ones, {}, are used",
            seen.tz_version
        );
        let remedy = "update the package tzdata, so that other programs agree about local times";
        found.push(finding(Severity::Note, Ailment::OldZoneRules, what, remedy));
    }
    let stored = seen.around.as_ref().and_then(|around| around.tzdb.as_ref());
    if let Some(stored) = stored.filter(|stored| **stored > seen.tz_version) {
        let what = format!(
            "due times were computed by the zone rules {stored}, and this engine has {}",
            seen.tz_version
        );
        let remedy = "update this engine: what it schedules may be an hour off where rules changed";
        found.push(finding(Severity::Warning, Ailment::OldZoneRules, what, remedy));
    }
    found
}

fn idle(seen: &Symptoms) -> Option<Finding> {
    let (stats, around) = (seen.stats.as_ref()?, seen.around.as_ref()?);
    let late = seen.now.signed_duration_since(stats.next_wake_at?);
    if late <= OVERDUE_MAX || stats.leased > 0 {
        return None;
    }
    let running = around.running.as_ref();
    let what = format!(
        "tasks overdue: {}; the first was to be looked at {} minutes ago, and none is claimed",
        stats.overdue,
        late.num_minutes()
    );
    let remedy = match running.map(Vec::len) {
        Some(0) => "no engine runs: call start(), or process_due() from a timer",
        _ => "see which channels they have (stats), and whether a running engine serves those",
    };
    Some(finding(Severity::Critical, Ailment::NobodyClaims, what, remedy))
}

fn held(seen: &Symptoms) -> Option<Finding> {
    let stats = seen.stats.as_ref()?;
    let held = stats.tasks.iter().filter(|count| count.state == TaskState::Held);
    let held: u64 = held.map(|count| count.count).sum();
    if held == 0 {
        return None;
    }
    let what = format!("{held} tasks are held: a person must decide");
    let remedy = "explain() says why; resolve() or retry() decides; at their expiry they expire";
    Some(finding(Severity::Warning, Ailment::Held, what, remedy))
}

fn stopped(seen: &Symptoms) -> Vec<Finding> {
    let Some(around) = &seen.around else { return Vec::new() };
    let mut found = Vec::new();
    for (what, _) in &around.pauses {
        let what = match what {
            Paused::Channel(channel) => format!("channel {channel} is paused"),
            Paused::Kind(kind) => format!("kind {kind} is paused"),
        };
        let remedy = "resume() lets it go on";
        found.push(finding(Severity::Warning, Ailment::ChannelStopped, what, remedy));
    }
    let is_open = |breaker: &Breaker| matches!(breaker.state(seen.now), BreakerState::Open { .. });
    for (channel, breaker) in around.breakers.iter().filter(|(_, breaker)| is_open(breaker)) {
        let why = breaker.reason().map_or_else(String::new, |why| format!(": {why}"));
        let what = format!("channel {channel} is down{why}");
        let remedy = "no attempt is spent; it is tried again by itself, at most 5 minutes apart";
        found.push(finding(Severity::Critical, Ailment::ChannelStopped, what, remedy));
    }
    found
}

fn notifiers(seen: &Symptoms) -> Vec<Finding> {
    let failed = |(channel, error): &(Channel, String)| {
        let what = format!("the notifier of channel {channel} does not work: {error}");
        let remedy = "see to its settings and to the provider; nothing is attempted meanwhile \
            once its breaker is open";
        finding(Severity::Critical, Ailment::NotifierFails, what, remedy)
    };
    seen.failing.iter().map(failed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreIdentity;

    #[test]
    fn what_takes_long_to_come_about_is_found_by_its_numbers() {
        let now = "2026-07-01T12:00:00Z".parse::<DateTime<Utc>>().expect("an instant");
        let found = |seconds_open: i64, skew_ms: i64| {
            let mut seen = Symptoms::new(now, &TzDatabase::bundled());
            let mut probe = Probe::new(1, Durability::Durable, StoreIdentity::default());
            probe.server_time = Some(now);
            seen.probe = Some(probe);
            seen.condition.oldest_transaction_at = Some(now - TimeDelta::seconds(seconds_open));
            seen.skew = Some(TimeDelta::milliseconds(skew_ms));
            findings(&seen).iter().map(|finding| finding.ailment).collect::<Vec<_>>()
        };
        assert_eq!(found(600, 1_000), []);
        assert_eq!(found(601, 0), [Ailment::LongTransaction]);
        assert_eq!(found(0, 1_001), [Ailment::ClockSkew]);
        assert_eq!(found(0, -1_001), [Ailment::ClockSkew]);
    }

    #[test]
    fn what_a_machine_lacks_is_found() {
        let now = "2026-07-01T12:00:00Z".parse::<DateTime<Utc>>().expect("an instant");
        let found = |change: fn(&mut Symptoms)| {
            let mut seen = Symptoms::new(now, &TzDatabase::bundled());
            change(&mut seen);
            findings(&seen).iter().map(|finding| finding.ailment).collect::<Vec<_>>()
        };
        assert_eq!(found(|_| ()), []);
        let stale = found(|seen| seen.tz_stale = Some("2024a".to_owned()));
        assert_eq!(stale, [Ailment::OldZoneRules]);
        let trouble = found(|seen| seen.trouble = Some("the clocks are in doubt".to_owned()));
        assert_eq!(trouble, [Ailment::EngineInTrouble]);
        let relaxed = found(|seen| {
            seen.probe = Some(Probe::new(1, Durability::Relaxed, StoreIdentity::default()));
        });
        assert_eq!(relaxed, [Ailment::NotDurable]);
    }
}
