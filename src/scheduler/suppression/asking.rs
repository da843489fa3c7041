//! What hosts and the engine ask about suppressed addresses.

use super::{Suppression, SuppressionReason};
use crate::scheduler::engine::Engine;
use crate::scheduler::{ScheduleError, Scheduler};
use crate::store::StoreResult;
use crate::task::{Address, InvalidField, Recipient, Rule, SafeText};
use crate::time::saturating_add;

impl Scheduler {
    /// Sends nothing to an address from now on, for every engine on this store: because the person
    /// said so ([`SuppressionReason::OptedOut`]), or because the host knows that nothing arrives
    /// there. Answers what holds now.
    ///
    /// It holds for this channel and address alone. A task to it is not attempted: when its turn
    /// comes it is [`Failed`](crate::task::TaskState::Failed), with that reason, no attempt is
    /// spent, and its fallback is tried; suppress that address too where the person wants no
    /// messages at all. After [`unsuppress`](Scheduler::unsuppress) such a task can be tried again
    /// ([`retry`](Scheduler::retry)), and scheduling it with another address reopens it.
    ///
    /// Addresses that a provider refuses for good are suppressed by the engine itself, for
    /// [`Config::suppress_for`](super::super::Config::suppress_for). A person's word outlasts that.
    ///
    /// Only a keyed digest of the address is stored, so an opt-out outlives
    /// [`forget`](Scheduler::forget): forgetting a person must not bring back what the person did
    /// not want. Where the store keeps no notes, each engine keeps its own, in memory, at most 10,000:
    /// then what a provider refused makes room, and an opt-out never. An entry that cannot be read
    /// holds as an opt-out.
    ///
    /// # Errors
    ///
    /// The recipient is a reference, which stands for an address and is none; the store failed; the
    /// note with the key of the digests is damaged; or, without notes, there are 10,000 opt-outs
    /// already.
    ///
    /// # Cancel safety
    ///
    /// A dropped call may have been stored.
    ///
    /// # Examples
    ///
    /// ```
    /// use puntual::notify::MemoryNotifier;
    /// use puntual::scheduler::SuppressionReason;
    /// use puntual::store::MemoryStore;
    /// use puntual::task::{Channel, EmailAddress, Subject};
    /// use puntual::{Reminder, Reminders, Scheduler};
    ///
    /// # tokio_test::block_on(async {
    /// let scheduler = Scheduler::builder(MemoryStore::new())
    ///     .notifier(MemoryNotifier::new(Channel::EMAIL))
    ///     .build()?;
    /// let jane: EmailAddress = "jane@example.com".parse()?;
    /// scheduler.suppress(jane.clone(), SuppressionReason::OptedOut).await?;
    ///
    /// let about = Subject::new("booking", 123);
    /// let reminder = Reminder::new("confirmation", &about, jane.clone()).text("Booked.").now();
    /// let id = scheduler.schedule(reminder).await?.id;
    /// assert_eq!(scheduler.run_until_idle().await?.failed, 1);
    /// let why = scheduler.explain(id).await?.expect("it is stored").to_string();
    /// assert!(why.contains("its recipient wants no messages on this channel"), "{why}");
    ///
    /// assert!(scheduler.unsuppress(jane.clone()).await?.is_some());
    /// assert!(scheduler.suppression(jane).await?.is_none());
    /// scheduler.retry(id).await?;
    /// assert_eq!(scheduler.run_until_idle().await?.sent, 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn suppress(
        &self,
        to: impl Into<Recipient>,
        reason: SuppressionReason,
    ) -> Result<Suppression, ScheduleError> {
        let to = checked(to.into())?;
        let kept = self.engine.suppress(&to, reason, None).await?;
        // A checked address has a digest.
        kept.ok_or_else(|| no_address().into())
    }

    /// Ends a suppression by hand; `None` where there was none. Tasks that failed by it stay
    /// failed until they are tried again ([`retry`](Scheduler::retry)).
    ///
    /// # Errors
    ///
    /// As [`suppress`](Scheduler::suppress).
    ///
    /// # Cancel safety
    ///
    /// A dropped call may have been stored.
    pub async fn unsuppress(
        &self,
        to: impl Into<Recipient>,
    ) -> Result<Option<Suppression>, ScheduleError> {
        let to = checked(to.into())?;
        Ok(self.engine.suppressions.remove(self.engine.now(), &to).await?)
    }

    /// What holds for one address; `None` where messages go to it.
    ///
    /// # Errors
    ///
    /// As [`suppress`](Scheduler::suppress).
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    pub async fn suppression(
        &self,
        to: impl Into<Recipient>,
    ) -> Result<Option<Suppression>, ScheduleError> {
        let to = checked(to.into())?;
        Ok(self.engine.suppressions.find(self.engine.now(), &to).await?)
    }

    /// The suppressions of this store in no particular order, at most `limit` and at most 1,000.
    /// They do not say whose they are: no address is stored.
    ///
    /// # Errors
    ///
    /// The store failed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    pub async fn suppressions(&self, limit: u32) -> Result<Vec<Suppression>, ScheduleError> {
        Ok(self.engine.suppressions.list(self.engine.now(), limit).await?)
    }
}

impl Engine {
    /// Suppresses an address; `None` where the recipient has none.
    pub(crate) async fn suppress(
        &self,
        to: &Recipient,
        reason: SuppressionReason,
        code: Option<SafeText>,
    ) -> StoreResult<Option<Suppression>> {
        let now = self.now();
        let ends = reason != SuppressionReason::OptedOut;
        let entry = Suppression {
            channel: to.channel().clone(),
            reason,
            code,
            since: now,
            until: ends.then(|| saturating_add(now, self.config.suppress_for)),
        };
        self.suppressions.add(now, &self.entropy, to, entry).await
    }
}

fn checked(to: Recipient) -> Result<Recipient, InvalidField> {
    to.check()?;
    match to.address() {
        Address::Reference(_) => Err(no_address()),
        _ => Ok(to),
    }
}

fn no_address() -> InvalidField {
    let rule = "an address is needed; a reference only stands for one";
    InvalidField::new("address", Rule::Malformed, rule)
}
