//! Puts an engine together; all problems are told at once, before anything runs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::brakes::Brakes;
use super::engine::{Engine, Lane};
use super::error::BuildError;
use super::hooks::{Guard, Hooks, OnOutcome, Resolver};
use super::lease::Leases;
use super::recorder::Recorder;
use super::suppression::Suppressions;
use super::throttle::{Crowds, Pace};
use super::timekeeper::Timekeeper;
use super::{Config, Scheduler};
use crate::notify::{Notifier, OnUncertain};
use crate::policy::{BreakerPolicy, Rate, RetryPolicy};
use crate::render::Renderer;
use crate::store::{TaskStore, Traced};
use crate::task::{Channel, ClaimId, Entropy, InvalidField, Limits, Rule};
use crate::time::{Clock, SystemClock, TzDatabase};

/// At most so many attempts of one channel at the same time.
const CONCURRENCY_MAX: usize = 10_000;

/// Mails to one person in an hour, whoever asks for them: somebody may book a thousand times for a
/// victim's address.
const EMAILS_TO_ONE: Rate = Rate::hourly(20);
/// Text messages to one person in an hour: each wakes somebody up, and costs money.
const TEXTS_TO_ONE: Rate = Rate::hourly(5);

/// Puts a [`Scheduler`] together; made by [`Scheduler::builder`].
#[derive(Debug)]
pub struct SchedulerBuilder {
    store: Arc<dyn TaskStore>,
    notifiers: Vec<Arc<dyn Notifier>>,
    renderer: Option<Arc<dyn Renderer>>,
    hooks: Hooks,
    environment: Option<String>,
    config: Config,
    clock: Option<Arc<dyn Clock>>,
    entropy: Option<Entropy>,
    tzdb: Option<TzDatabase>,
    breaker: BreakerPolicy,
    retry: BTreeMap<Channel, RetryPolicy>,
    uncertain: BTreeMap<Channel, OnUncertain>,
    rates: BTreeMap<Channel, Rate>,
    to_one_person: BTreeMap<Channel, Rate>,
}

impl SchedulerBuilder {
    pub(super) fn new(store: impl TaskStore) -> SchedulerBuilder {
        SchedulerBuilder {
            store: Arc::new(Traced(store)),
            notifiers: Vec::new(),
            renderer: None,
            hooks: Hooks::default(),
            environment: None,
            config: Config::default(),
            clock: None,
            entropy: None,
            tzdb: None,
            breaker: BreakerPolicy::default(),
            retry: BTreeMap::new(),
            uncertain: BTreeMap::new(),
            rates: BTreeMap::new(),
            to_one_person: BTreeMap::from([
                (Channel::EMAIL, EMAILS_TO_ONE),
                (Channel::SMS, TEXTS_TO_ONE),
            ]),
        }
    }

    /// Adds a notifier: one per channel. A process serves the channels it has notifiers for.
    #[must_use]
    pub fn notifier(mut self, notifier: impl Notifier) -> Self {
        self.notifiers.push(Arc::new(notifier));
        self
    }

    /// What writes the messages whose content is a template.
    #[must_use]
    pub fn renderer(mut self, renderer: impl Renderer) -> Self {
        self.renderer = Some(Arc::new(renderer));
        self
    }

    /// Asked just before sending: is this still right?
    #[must_use]
    pub fn guard(mut self, guard: impl Guard) -> Self {
        self.hooks.guard = Some(Arc::new(guard));
        self
    }

    /// Turns references into addresses just before sending.
    #[must_use]
    pub fn resolver(mut self, resolver: impl Resolver) -> Self {
        self.hooks.resolver = Some(Arc::new(resolver));
        self
    }

    /// Hears of every recorded outcome.
    #[must_use]
    pub fn on_outcome(mut self, ear: impl OnOutcome) -> Self {
        self.hooks.on_outcome = Some(Arc::new(ear));
        self
    }

    /// The name of the environment (`production`). The first engine with a name seals the
    /// database; under another name nothing is sent from it, until [`Scheduler::adopt`].
    #[must_use]
    pub fn environment(mut self, name: impl Into<String>) -> Self {
        self.environment = Some(name.into());
        self
    }

    /// Other numbers than the default ones.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// How often to try on a channel, where a reminder does not say it. By default the channels
    /// `webhook` and `sms` have policies of their own, all others that of e-mail.
    #[must_use]
    pub fn retry(mut self, channel: Channel, policy: RetryPolicy) -> Self {
        self.retry.insert(channel, policy);
        self
    }

    /// What to do on a channel when nobody can know whether a message was accepted, where it is
    /// not what its notifier says.
    #[must_use]
    pub fn on_uncertain(mut self, channel: Channel, rule: OnUncertain) -> Self {
        self.uncertain.insert(channel, rule);
        self
    }

    /// How much may go out on a channel, by all engines on the store together: what a relay takes,
    /// or what a contract allows. Without it there is no limit.
    ///
    /// What is too much is not claimed, and loses nothing but time; what has high priority goes
    /// first. A tenth of the messages may leave at once, the rest follow evenly, so that the limit
    /// holds over every stretch of its length.
    ///
    /// ```
    /// use puntual::notify::MemoryNotifier;
    /// use puntual::policy::Rate;
    /// use puntual::store::MemoryStore;
    /// use puntual::task::Channel;
    /// use puntual::Scheduler;
    /// use std::time::Duration;
    ///
    /// let scheduler = Scheduler::builder(MemoryStore::new())
    ///     .notifier(MemoryNotifier::new(Channel::EMAIL))
    ///     .rate(Channel::EMAIL, Rate::new(10, Duration::from_secs(1))?)
    ///     .build()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn rate(mut self, channel: Channel, rate: Rate) -> Self {
        self.rates.insert(channel, rate);
        self
    }

    /// How much may go out to one person on a channel, by all engines together; `None` for no
    /// limit. Without a word 20 mails and 5 text messages an hour, and no limit on other channels.
    ///
    /// It protects whoever did not book: a thousand bookings for somebody's address are a thousand
    /// messages. What is too much is put off, and expires with that reason if it cannot be sent in
    /// time. A person is what [`Reminder::person`](crate::Reminder::person) says, else the address: a
    /// host that gives one address several references has the limit once for each of them.
    #[must_use]
    pub fn rate_per_person(mut self, channel: Channel, rate: Option<Rate>) -> Self {
        match rate {
            Some(rate) => self.to_one_person.insert(channel, rate),
            None => self.to_one_person.remove(&channel),
        };
        self
    }

    /// When a channel that does not work is left alone, and for how long.
    #[must_use]
    pub fn breaker(mut self, policy: BreakerPolicy) -> Self {
        self.breaker = policy;
        self
    }

    /// Another clock: a virtual one in tests.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Another source of ids and jitter: a seeded one in tests.
    #[must_use]
    pub fn entropy(mut self, entropy: Entropy) -> Self {
        self.entropy = Some(entropy);
        self
    }

    /// Other rules of zones than the newest that are found here.
    #[must_use]
    pub fn tz_database(mut self, tzdb: TzDatabase) -> Self {
        self.tzdb = Some(tzdb);
        self
    }

    /// Builds the engine; nothing runs yet, and the store is not asked.
    ///
    /// # Errors
    ///
    /// Everything that is wrong, at once: a number out of its range, no notifier or two for one
    /// channel, a notifier without concurrency, an empty environment.
    pub fn build(self) -> Result<Scheduler, BuildError> {
        let mut problems: Vec<InvalidField> = self.config.check().err().into_iter().collect();
        let channels = self.lanes(&mut problems);
        if let Some(name) = &self.environment {
            problems.extend(Limits::shown_text("environment", name, Limits::NAME).err());
        }
        if !problems.is_empty() {
            return Err(BuildError(problems));
        }
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock::new()));
        let entropy = self.entropy.unwrap_or_else(Entropy::from_os);
        let engine = Engine {
            name: ClaimId::new(clock.now(), &entropy).to_string(),
            keeper: Timekeeper::new(clock.clone(), &self.config),
            brakes: Brakes::new(self.store.clone(), clock.clone(), self.breaker),
            suppressions: Suppressions::new(self.store.clone()),
            crowds: Crowds::new(self.to_one_person),
            paces: paces(self.rates),
            recorder: Recorder::new(self.store.clone(), clock.clone(), &self.config),
            leases: Leases::default(),
            lost_claim: Mutex::new(None),
            room: Notify::new(),
            wake: Notify::new(),
            trouble: Mutex::new(None),
            store: self.store,
            tzdb_is_given: self.tzdb.is_some(),
            tzdb: Mutex::new(self.tzdb.unwrap_or_else(TzDatabase::newest)),
            clock,
            entropy,
            config: self.config,
            marking: marking(&channels),
            channels,
            renderer: self.renderer,
            hooks: self.hooks,
            environment: self.environment,
        };
        Ok(Scheduler { engine: Arc::new(engine) })
    }

    fn lanes(&self, problems: &mut Vec<InvalidField>) -> BTreeMap<Channel, Arc<Lane>> {
        let mut lanes = BTreeMap::new();
        if self.notifiers.is_empty() {
            let rule = "at least one notifier is needed";
            problems.push(InvalidField::new("notifier", Rule::NotEmpty, rule));
        }
        for notifier in &self.notifiers {
            let channel = notifier.channel();
            let concurrency = notifier.concurrency();
            if !(1..=CONCURRENCY_MAX).contains(&concurrency) {
                let rule = format!("concurrency must lie between 1 and {CONCURRENCY_MAX}");
                let problem = InvalidField::new("notifier", Rule::OutOfRange, rule);
                problems.push(problem.with_value(channel.as_str()));
            }
            let retry = self.retry.get(&channel).cloned().unwrap_or_else(|| usual(&channel));
            let uncertain = self.uncertain.get(&channel).copied();
            let uncertain = uncertain.unwrap_or_else(|| notifier.on_uncertain());
            let lane = Lane::new(notifier.clone(), uncertain, concurrency, retry);
            if lanes.insert(channel.clone(), Arc::new(lane)).is_some() {
                let rule = "one notifier per channel is expected, a second was given";
                let problem = InvalidField::new("notifier", Rule::Duplicate, rule);
                problems.push(problem.with_value(channel.as_str()));
            }
        }
        lanes
    }
}

fn marking(channels: &BTreeMap<Channel, Arc<Lane>>) -> BTreeSet<Channel> {
    let marks = channels.iter().filter(|(_, lane)| lane.marks_hand_off);
    marks.map(|(channel, _)| channel.clone()).collect()
}

fn paces(rates: BTreeMap<Channel, Rate>) -> BTreeMap<Channel, Pace> {
    let pace = |(channel, rate): (Channel, Rate)| {
        let pace = Pace::new(&channel, rate);
        (channel, pace)
    };
    rates.into_iter().map(pace).collect()
}

fn usual(channel: &Channel) -> RetryPolicy {
    match channel.as_str() {
        "sms" => RetryPolicy::sms(),
        "webhook" => RetryPolicy::webhook(),
        _ => RetryPolicy::email(),
    }
}
