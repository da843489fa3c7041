//! What all parts of one engine share.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use tokio::sync::Notify;

use super::brakes::Brakes;
use super::decide::Policy;
use super::hooks::Hooks;
use super::lease::Leases;
use super::plan::Planner;
use super::recorder::{Recorder, Repeat};
use super::round::AskedClaim;
use super::slots::Slots;
use super::suppression::Suppressions;
use super::throttle::{Crowds, Pace};
use super::timekeeper::Timekeeper;
use super::timing::Rules;
use super::{Config, ScheduleError};
use crate::notify::{Notifier, OnUncertain};
use crate::policy::RetryPolicy;
use crate::render::Renderer;
use crate::store::{Probe, TaskStore};
use crate::task::{Channel, Entropy, Priority};
use crate::time::{Clock, TzDatabase};

/// One engine: a store, notifiers, hooks, and what it knows at the moment.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) store: Arc<dyn TaskStore>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Entropy,
    pub(crate) tzdb: Mutex<TzDatabase>,
    pub(crate) tzdb_is_given: bool,
    pub(crate) config: Config,
    pub(crate) channels: BTreeMap<Channel, Arc<Lane>>,
    /// The channels whose hand-offs are marked in the store.
    pub(crate) marking: BTreeSet<Channel>,
    pub(crate) renderer: Option<Arc<dyn Renderer>>,
    pub(crate) hooks: Hooks,
    pub(crate) environment: Option<String>,
    pub(crate) name: String,
    pub(crate) keeper: Timekeeper,
    pub(crate) brakes: Brakes,
    pub(crate) suppressions: Suppressions,
    pub(crate) crowds: Crowds,
    /// The channels whose rate is limited.
    pub(crate) paces: BTreeMap<Channel, Pace>,
    pub(crate) recorder: Recorder,
    pub(crate) leases: Leases,
    /// The claim whose answer was lost, until it is heard.
    pub(crate) lost_claim: Mutex<Option<AskedClaim>>,
    /// Told when a row's outcome is recorded: there may be room for more.
    pub(crate) room: Notify,
    /// Told when somebody wants the engine to look at once.
    pub(crate) wake: Notify,
    /// What is wrong at the moment, in words: for people, and for whoever asks.
    pub(crate) trouble: Mutex<Option<String>>,
}

/// One channel: its notifier, and how much of it is in use.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) notifier: Arc<dyn Notifier>,
    pub(crate) on_uncertain: OnUncertain,
    pub(crate) marks_hand_off: bool,
    pub(crate) concurrency: usize,
    pub(crate) retry: RetryPolicy,
    pub(crate) slots: Arc<Slots>,
    /// Claimed rows whose outcome is not recorded yet, by priority: a backlog leaves room for
    /// what passes it.
    under_way: [AtomicUsize; 2],
}

impl Lane {
    pub(crate) fn policy<'a>(&'a self, own: Option<&'a RetryPolicy>) -> Policy<'a> {
        Policy {
            retry: own.unwrap_or(&self.retry),
            on_uncertain: self.on_uncertain,
            marks_hand_off: self.marks_hand_off,
        }
    }

    pub(crate) fn new(
        notifier: Arc<dyn Notifier>,
        on_uncertain: OnUncertain,
        concurrency: usize,
        retry: RetryPolicy,
    ) -> Lane {
        Lane {
            on_uncertain,
            marks_hand_off: notifier.marks_hand_off(),
            notifier,
            concurrency,
            retry,
            slots: Slots::new(concurrency),
            under_way: Default::default(),
        }
    }

    fn under_way(&self, priority: Priority) -> &AtomicUsize {
        &self.under_way[usize::from(priority.as_number()).min(1)]
    }

    /// How many more rows to claim: as many as keep every slot busy while outcomes are recorded;
    /// none until it is worth a call.
    pub(crate) fn room(&self, priority: Priority) -> usize {
        let under_way = self.under_way(priority).load(Ordering::Acquire);
        let room = (2 * self.concurrency).saturating_sub(under_way);
        if room * 2 >= self.concurrency { room } else { 0 }
    }

    /// Whether any row of the channel is under way.
    pub(crate) fn is_idle(&self) -> bool {
        Priority::ALL.iter().all(|p| self.under_way(*p).load(Ordering::Acquire) == 0)
    }

    pub(crate) fn begin(&self, priority: Priority) {
        self.under_way(priority).fetch_add(1, Ordering::AcqRel);
    }

    pub(crate) fn end(&self, priority: Priority) {
        self.under_way(priority).fetch_sub(1, Ordering::AcqRel);
    }
}

impl Engine {
    /// What planning and deciding need.
    pub(crate) fn planner<'a>(&'a self, tzdb: &'a TzDatabase) -> Planner<'a> {
        let rules = Rules { config: &self.config, tzdb };
        Planner { rules, entropy: &self.entropy, marking: &self.marking }
    }

    /// The rules of zones that are in force.
    pub(crate) fn tzdb(&self) -> TzDatabase {
        self.tzdb.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks for newer rules on this machine, unless the host gave its own.
    pub(crate) fn look_for_newer_tzdb(&self) {
        if self.tzdb_is_given {
            return;
        }
        let found = TzDatabase::detect();
        let mut known = self.tzdb.lock().unwrap_or_else(PoisonError::into_inner);
        if found.version() > known.version() {
            *known = found;
        }
    }

    /// How to wait for a store that does not answer.
    pub(crate) fn repeat(&self) -> Repeat {
        Repeat::new(self.clock.clone(), &self.config)
    }

    /// The time for what the host asks.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.keeper.best().earliest
    }

    /// Whether the store is sealed for another environment: then nothing may be sent from it.
    ///
    /// # Errors
    ///
    /// It is; the text says for which.
    pub(crate) fn check_seal(&self, probe: &Probe) -> Result<(), ScheduleError> {
        let (Some(ours), Some(seal)) = (&self.environment, &probe.seal) else { return Ok(()) };
        if ours == seal {
            return Ok(());
        }
        let why = format!(
            "the database is sealed for the environment \"{seal}\" and this is \"{ours}\": \
             nothing is sent until adopt() is called"
        );
        self.report_trouble(Some(&why));
        Err(ScheduleError::refused(why))
    }

    /// Says what is wrong: once loudly, until it changes.
    pub(crate) fn report_trouble(&self, what: Option<&str>) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if trouble.as_deref() == what {
            return;
        }
        match what {
            Some(what) => tracing::error!(engine = %self.name, %what, "the engine cannot work"),
            None => tracing::info!(engine = %self.name, "the engine works again"),
        }
        *trouble = what.map(str::to_owned);
    }
}
