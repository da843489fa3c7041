//! A notifier that does what a test tells it to, and keeps a journal of it.

mod journal;
mod step;

pub use journal::{AttemptEnd, GateSeen, JournalLine};
pub use step::{Stall, Step};

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use self::journal::{Journal, Pen};
use self::step::Ending;
use crate::notify::{
    Attempt, Evidence, HandedOff, Notification, Notifier, NotifyError, OnUncertain, Receipt,
};
use crate::task::Channel;

/// A notifier that follows a script: one [`Step`] for each attempt, in order. Clones share script
/// and journal.
///
/// # Examples
///
/// ```
/// use puntual::notify::Notifier;
/// use puntual::task::{Channel, EmailAddress};
/// use puntual::testing::{self, GateSeen, ScriptedNotifier, Step};
///
/// # tokio_test::block_on(async {
/// let jane: EmailAddress = "jane@example.com".parse()?;
/// let message = testing::notification(jane, "Your court is booked for 6 pm.");
/// let notifier = ScriptedNotifier::new(Channel::EMAIL)
///     .then(Step::channel_down("connection refused").before_gate())
///     .then(Step::accept_as("provider-17"));
///
/// let attempt = testing::attempt().build();
/// assert!(notifier.notify(&attempt, &message).await.is_err());
/// assert!(notifier.notify(&attempt, &message).await.is_ok());
///
/// let journal = notifier.journal();
/// assert_eq!([journal[0].gate, journal[1].gate], [GateSeen::NotYet, GateSeen::Open]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct ScriptedNotifier {
    channel: Channel,
    on_uncertain: OnUncertain,
    concurrency: usize,
    marks_hand_off: bool,
    script: Arc<Mutex<Script>>,
    journal: Journal,
}

#[derive(Debug)]
struct Script {
    steps: VecDeque<Step>,
    by_address: BTreeMap<String, VecDeque<Step>>,
    otherwise: Step,
}

impl ScriptedNotifier {
    /// A notifier for `channel` that accepts everything: with 16 attempts at a time, hand-offs
    /// marked, and a resend 15 minutes after an uncertain attempt.
    pub fn new(channel: Channel) -> ScriptedNotifier {
        let script = Script {
            steps: VecDeque::new(),
            by_address: BTreeMap::new(),
            otherwise: Step::accept(),
        };
        ScriptedNotifier {
            channel,
            on_uncertain: OnUncertain::Resend { after: Duration::from_secs(15 * 60) },
            concurrency: 16,
            marks_hand_off: true,
            script: Arc::new(Mutex::new(script)),
            journal: Journal::default(),
        }
    }

    /// What an uncertain attempt means.
    #[must_use]
    pub fn with_on_uncertain(mut self, rule: OnUncertain) -> Self {
        self.on_uncertain = rule;
        self
    }

    /// How many attempts may run at the same time.
    #[must_use]
    pub fn with_concurrency(mut self, attempts: usize) -> Self {
        self.concurrency = attempts;
        self
    }

    /// Whether hand-offs are marked in the store.
    #[must_use]
    pub fn with_marks_hand_off(mut self, marks: bool) -> Self {
        self.marks_hand_off = marks;
        self
    }

    /// Adds the step of the next attempt that has none yet.
    #[must_use]
    pub fn then(self, step: Step) -> Self {
        self.push(step);
        self
    }

    /// Adds a step for the attempts to one address, or to one reference. Such steps come before
    /// those for everybody.
    #[must_use]
    pub fn then_for(self, address: &str, step: Step) -> Self {
        self.with(|script| {
            script.by_address.entry(address.to_owned()).or_default().push_back(step);
        });
        self
    }

    /// What all attempts do that have no step.
    #[must_use]
    pub fn otherwise(self, step: Step) -> Self {
        self.set_otherwise(step);
        self
    }

    /// As [`then`](ScriptedNotifier::then), while it is in use.
    pub fn push(&self, step: Step) {
        self.with(|script| script.steps.push_back(step));
    }

    /// As [`otherwise`](ScriptedNotifier::otherwise), while it is in use.
    pub fn set_otherwise(&self, step: Step) {
        self.with(|script| script.otherwise = step);
    }

    /// All attempts so far, in the order in which they began.
    pub fn journal(&self) -> Vec<JournalLine> {
        self.journal.lines().clone()
    }

    /// The attempts that were accepted.
    pub fn accepted(&self) -> Vec<JournalLine> {
        let lines = self.journal.lines();
        lines.iter().filter(|line| line.end == AttemptEnd::Accepted).cloned().collect()
    }

    fn with<T>(&self, write: impl FnOnce(&mut Script) -> T) -> T {
        write(&mut self.script.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn next_step(&self, notification: &Notification) -> Step {
        let address = notification.recipient.address().as_str();
        self.with(|script| {
            let own = script.by_address.get_mut(address).and_then(VecDeque::pop_front);
            let step = own.or_else(|| script.steps.pop_front());
            step.unwrap_or_else(|| script.otherwise.clone())
        })
    }
}

#[async_trait]
impl Notifier for ScriptedNotifier {
    fn channel(&self) -> Channel {
        self.channel.clone()
    }

    fn on_uncertain(&self) -> OnUncertain {
        self.on_uncertain
    }

    fn concurrency(&self) -> usize {
        self.concurrency
    }

    fn marks_hand_off(&self) -> bool {
        self.marks_hand_off
    }

    async fn notify(
        &self,
        attempt: &Attempt,
        notification: &Notification,
    ) -> Result<Receipt, NotifyError> {
        let pen = self.journal.begin(attempt, notification);
        let answer = follow(&self.next_step(notification), attempt, &pen).await;
        let end = if answer.is_ok() { AttemptEnd::Accepted } else { AttemptEnd::Failed };
        pen.note(|line| line.end = end);
        answer
    }
}

async fn follow(step: &Step, attempt: &Attempt, pen: &Pen) -> Result<Receipt, NotifyError> {
    if step.before_gate {
        act(step).await?;
    }
    let handed_off = pass_gate(attempt, pen).await?;
    if !step.before_gate {
        act(step).await?;
    }
    let provider_id = match &step.ending {
        Ending::Accept { provider_id } => provider_id.clone(),
        Ending::Fail(_) | Ending::Panic | Ending::Hang => None,
    };
    let mut evidence = Evidence::new("the script accepted");
    evidence.provider_id = provider_id;
    Ok(handed_off.accepted(evidence))
}

/// Stalls where the step says so, then ends the attempt unless the provider is to accept.
async fn act(step: &Step) -> Result<(), NotifyError> {
    if let Some(stall) = &step.stall {
        stall.wait().await;
    }
    match &step.ending {
        Ending::Accept { .. } => Ok(()),
        Ending::Fail(failure) => Err(failure.error()),
        Ending::Panic => panic!("the script said so"),
        Ending::Hang => std::future::pending().await,
    }
}

async fn pass_gate(attempt: &Attempt, pen: &Pen) -> Result<HandedOff, NotifyError> {
    let answer = attempt.hand_off().await;
    let now = attempt.now();
    pen.note(|line| {
        line.gate = if answer.is_ok() { GateSeen::Open } else { GateSeen::Closed };
        line.handed_off_at = answer.is_ok().then_some(now);
    });
    answer
}
