//! The host's request: tell this person about this subject, at this distance from the event.

use std::time::Duration;

use chrono::{DateTime, NaiveTime, Utc};
use serde::Serialize;

use crate::policy::{ExpiryPolicy, PastDue, RetryPolicy};
use crate::task::{
    CalendarEntry, Channel, Content, DedupKey, InvalidField, Kind, Limits, Mailbox, Message,
    PersonKey, Priority, Recipient, Request, Rule, Subject, TaskData,
};
use crate::time::{DeliveryWindow, EventTime, LocalTimeRule, Trigger, Zone};

/// A request to tell somebody something, usually relative to an event.
///
/// There is one task per kind, subject, channel and person, as long as its row exists: scheduling
/// the same reminder again changes nothing, scheduling it with another event time moves it. The
/// person is the normalised address unless [`Reminder::person`] says otherwise, so **without
/// `person` a corrected address is a new person** and gets a second message.
///
/// A reminder takes an event time and a distance, or (for tasks without an event) an instant;
/// never both an event and an instant to send at. Values are checked when it is scheduled; the
/// error names the field and the rule, and nothing is stored.
///
/// ```
/// use std::time::Duration;
/// use puntual::task::{EmailAddress, Subject};
/// use puntual::time::EventTime;
/// use puntual::Reminder;
///
/// let about = Subject::new("booking", 123);
/// let jane: EmailAddress = "jane@example.com".parse()?;
/// let at = EventTime::civil("2026-07-10T15:00", "Europe/Berlin")?;
/// let reminder = Reminder::new("reminder_24h", &about, jane)
///     .person("user 5")
///     .event(at)
///     .before(Duration::from_secs(24 * 60 * 60))
///     .template("booking_reminder");
/// reminder.check()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Reminder {
    kind: String,
    about: Subject,
    to: Recipient,
    person: Option<String>,
    event: Option<EventTime>,
    trigger: Option<Trigger>,
    content: Option<Content>,
    data: TaskData,
    priority: Option<Priority>,
    past_due: PastDue,
    expiry: ExpiryPolicy,
    retry: Option<RetryPolicy>,
    window: Option<DeliveryWindow>,
    fallback: Vec<Recipient>,
    from: Option<String>,
    reply_to: Option<String>,
    locale: Option<String>,
    calendar: Option<CalendarEntry>,
    problems: Vec<InvalidField>,
}

/// A time of day on the day of a calendar trigger, or an instant for a task without an event.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum At {
    /// `09:00`, local.
    TimeOfDay(NaiveTime),
    /// This instant.
    Instant(DateTime<Utc>),
    /// A time of day in words, read when the reminder is checked.
    Words(String),
}

impl From<NaiveTime> for At {
    fn from(time: NaiveTime) -> Self {
        At::TimeOfDay(time)
    }
}

impl From<DateTime<Utc>> for At {
    fn from(at: DateTime<Utc>) -> Self {
        At::Instant(at)
    }
}

impl From<&str> for At {
    fn from(words: &str) -> Self {
        At::Words(words.to_owned())
    }
}

impl Reminder {
    /// A reminder of a kind, about a subject, to a recipient.
    pub fn new(kind: impl Into<String>, about: &Subject, to: impl Into<Recipient>) -> Reminder {
        Reminder {
            kind: kind.into(),
            about: about.clone(),
            to: to.into(),
            person: None,
            event: None,
            trigger: None,
            content: None,
            data: TaskData::default(),
            priority: None,
            past_due: PastDue::default(),
            expiry: ExpiryPolicy::default(),
            retry: None,
            window: None,
            fallback: Vec::new(),
            from: None,
            reply_to: None,
            locale: None,
            calendar: None,
            problems: Vec::new(),
        }
    }

    /// Who the person is in the host's words (`user 5`), whatever the address. The limit of messages
    /// to one person goes by it
    /// ([`rate_per_person`](crate::scheduler::SchedulerBuilder::rate_per_person)).
    #[must_use]
    pub fn person(mut self, person: impl Into<String>) -> Self {
        self.person = Some(person.into());
        self
    }

    /// When the event takes place.
    #[must_use]
    pub fn event(mut self, at: EventTime) -> Self {
        self.event = Some(at);
        self
    }

    /// Exactly so long before the event, on the time line: 24 h are 24 h, whatever clocks do.
    #[must_use]
    pub fn before(self, offset: Duration) -> Self {
        self.trigger(Trigger::before(offset))
    }

    /// Exactly so long after the event.
    #[must_use]
    pub fn after(self, offset: Duration) -> Self {
        self.trigger(Trigger::after(offset))
    }

    /// So many calendar days before the event, at its local time or at [`Reminder::at`].
    #[must_use]
    pub fn days_before(self, days: u32) -> Self {
        self.trigger(Trigger::days_before(days))
    }

    /// So many calendar days after the event.
    #[must_use]
    pub fn days_after(self, days: u32) -> Self {
        self.trigger(Trigger::days_after(days))
    }

    /// So many calendar months before the event, clamped to the month's last day.
    #[must_use]
    pub fn months_before(self, months: u32) -> Self {
        self.trigger(Trigger::months_before(months))
    }

    /// At once, before any backlog: a confirmation.
    #[must_use]
    pub fn now(self) -> Self {
        self.trigger(Trigger::now())
    }

    /// With a time of day (`"09:00"`): at that local time on the day of a calendar trigger. With
    /// an instant: then, for a task without an event.
    #[must_use]
    pub fn at(mut self, at: impl Into<At>) -> Self {
        let time = match at.into() {
            At::Instant(at) => return self.trigger(Trigger::at(at)),
            At::TimeOfDay(time) => time,
            At::Words(words) => match parse_time(&words) {
                Some(time) => time,
                None => {
                    let rule = "a time of day such as \"09:00\" is expected";
                    let problem = InvalidField::new("at", Rule::Malformed, rule);
                    self.problems.push(problem.with_value(words));
                    return self;
                }
            },
        };
        self.change_trigger("at", "a time of day needs a calendar trigger before it", |trigger| {
            trigger.at_time(time)
        })
    }

    /// The zone of a calendar trigger, where it is not the event's.
    #[must_use]
    pub fn in_zone(self, zone: Zone) -> Self {
        self.change_trigger("in_zone", "a zone needs a calendar trigger before it", |trigger| {
            trigger.in_zone(zone)
        })
    }

    /// The zone of a calendar trigger is the recipient's.
    #[must_use]
    pub fn in_recipient_zone(self) -> Self {
        let rule = "the recipient's zone needs a calendar trigger before it";
        self.change_trigger("in_zone", rule, Trigger::in_recipient_zone)
    }

    /// What a local time means that does not exist or exists twice.
    #[must_use]
    pub fn local_time_rule(self, rule: LocalTimeRule) -> Self {
        let needs = "a rule for local times needs a calendar trigger before it";
        self.change_trigger("local_time_rule", needs, |trigger| trigger.with_rule(rule))
    }

    /// Any trigger.
    #[must_use]
    pub fn trigger(mut self, trigger: Trigger) -> Self {
        if self.trigger.is_some() {
            let rule = "one trigger is expected, a second was given";
            self.problems.push(InvalidField::new("trigger", Rule::Contradiction, rule));
        }
        self.trigger = Some(trigger);
        self
    }

    fn change_trigger(
        mut self,
        field: &'static str,
        needs: &str,
        change: impl FnOnce(Trigger) -> Trigger,
    ) -> Self {
        match self.trigger.take() {
            Some(trigger) => self.trigger = Some(change(trigger)),
            None => self.problems.push(InvalidField::new(field, Rule::Contradiction, needs)),
        }
        self
    }

    /// The template, rendered at send time. By default it is named like the kind.
    #[must_use]
    pub fn template(mut self, name: impl Into<String>) -> Self {
        self.content = Some(Content::Template(name.into()));
        self
    }

    /// Fixed text. Its words grow stale, so it expires earlier: halfway between due and event.
    #[must_use]
    pub fn text(mut self, message: impl Into<Message>) -> Self {
        self.content = Some(Content::Text(message.into()));
        self
    }

    /// The host's own data for the template.
    #[must_use]
    pub fn data(mut self, data: &impl Serialize) -> Self {
        match TaskData::new(data) {
            Ok(data) => self.data = data,
            Err(problem) => self.problems.push(problem),
        }
        self
    }

    /// High passes a backlog. By default immediate messages are high, all others normal.
    #[must_use]
    pub fn priority(mut self, priority: Priority) -> Self {
        self.priority = Some(priority);
        self
    }

    /// What if the due time is already over; by default it is skipped.
    #[must_use]
    pub fn past_due(mut self, rule: PastDue) -> Self {
        self.past_due = rule;
        self
    }

    /// From when on it is too late.
    #[must_use]
    pub fn expiry(mut self, policy: ExpiryPolicy) -> Self {
        self.expiry = policy;
        self
    }

    /// How often to try; by default as its channel does.
    #[must_use]
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    /// When messages may go out, in the zone of the recipient, else of the event, else UTC.
    #[must_use]
    pub fn window(mut self, window: DeliveryWindow) -> Self {
        self.window = Some(window);
        self
    }

    /// Whom to tell instead when this fails for good; several are tried in their order.
    #[must_use]
    pub fn fallback(mut self, to: impl Into<Recipient>) -> Self {
        self.fallback.push(to.into());
        self
    }

    /// From whom, where it is not the channel's own sender. For e-mail it is one mailbox,
    /// `desk@court.example` or `Court Club <desk@court.example>`; the relay must let you send in
    /// its name.
    #[must_use]
    pub fn from(mut self, sender: impl Into<String>) -> Self {
        self.from = Some(sender.into());
        self
    }

    /// Where answers go; for e-mail one mailbox, as for [`Reminder::from`].
    #[must_use]
    pub fn reply_to(mut self, address: impl Into<String>) -> Self {
        self.reply_to = Some(address.into());
        self
    }

    /// In which language this is told (BCP 47: `es`, `en-GB`), whatever
    /// [`Recipient::locale`] says of the recipients, those to fall back on included.
    #[must_use]
    pub fn locale(mut self, locale: impl Into<String>) -> Self {
        self.locale = Some(locale.into());
        self
    }

    /// Adds a file for the recipient's own calendar; the reminder needs an event for it. Channels
    /// that carry no files leave it out.
    #[must_use]
    pub fn calendar(mut self, entry: CalendarEntry) -> Self {
        self.calendar = Some(entry);
        self
    }

    /// Checks everything that can be checked without a clock or a store.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong: the field, the value (redacted where personal), the rule.
    pub fn check(&self) -> Result<(), InvalidField> {
        self.clone().into_checked().map(drop)
    }

    pub(crate) fn into_checked(mut self) -> Result<Checked, InvalidField> {
        if let Some(problem) = self.problems.into_iter().next() {
            return Err(problem);
        }
        if let Some(locale) = &self.locale {
            self.to = self.to.locale(locale);
            self.fallback = self.fallback.into_iter().map(|to| to.locale(locale)).collect();
        }
        let kind = Kind::new(self.kind)?;
        self.about.check()?;
        self.to.check()?;
        let person = match self.person {
            Some(person) => PersonKey::new(person)?,
            None => PersonKey::new(self.to.address().as_str().to_lowercase())?,
        };
        let Some(trigger) = self.trigger else {
            let rule = "say when: now, before, after, days_before, days_after, months_before, at";
            return Err(InvalidField::new("trigger", Rule::NotEmpty, rule));
        };
        check_trigger(&trigger, self.event.as_ref())?;
        let content = self.content.unwrap_or_else(|| Content::Template(kind.as_str().to_owned()));
        content.check()?;
        if self.fallback.len() > Limits::FALLBACK_STEPS {
            let rule = format!("at most {} fallbacks are allowed", Limits::FALLBACK_STEPS);
            return Err(InvalidField::new("fallback", Rule::TooLong, rule));
        }
        self.fallback.iter().try_for_each(Recipient::check)?;
        for (field, text) in [("from", &self.from), ("reply_to", &self.reply_to)] {
            check_sender(field, text.as_deref(), self.to.channel())?;
        }
        let sender = self.from.as_deref().filter(|_| *self.to.channel() == Channel::EMAIL);
        let calendar = self.calendar.map(|entry| entry.organized_by(sender)).transpose()?;
        if let Some(entry) = &calendar {
            entry.check()?;
            if self.event.is_none() {
                let rule = "an entry in a calendar needs the event's time";
                return Err(InvalidField::new("event", Rule::NotEmpty, rule));
            }
        }
        let by_default = match trigger.is_now() {
            true => Priority::High,
            false => Priority::Normal,
        };
        let key = DedupKey::of(&kind, &self.about, self.to.channel(), &person);
        Ok(Checked {
            kind,
            about: self.about,
            person,
            channel: self.to.channel().clone(),
            key,
            priority: self.priority.unwrap_or(by_default),
            event: self.event,
            trigger,
            data: self.data,
            request: Request::new(self.to, content)
                .with_policies(self.past_due, self.expiry, self.retry, self.window)
                .with_fallback(self.fallback)
                .with_sender(self.from, self.reply_to)
                .with_calendar(calendar),
        })
    }
}

fn parse_time(words: &str) -> Option<NaiveTime> {
    let formats = ["%H:%M", "%H:%M:%S"];
    formats.iter().find_map(|format| NaiveTime::parse_from_str(words, format).ok())
}

/// What a sender may be only its channel knows, but for e-mail.
fn check_sender(
    field: &'static str,
    text: Option<&str>,
    channel: &Channel,
) -> Result<(), InvalidField> {
    let Some(text) = text else { return Ok(()) };
    if *channel == Channel::EMAIL {
        return Mailbox::read(field, text).map(drop);
    }
    Limits::shown_text(field, text, Limits::MAILBOX)?;
    if text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        let rule = "it must be one line without control characters";
        return Err(InvalidField::new(field, Rule::Malformed, rule));
    }
    Ok(())
}

fn check_trigger(trigger: &Trigger, event: Option<&EventTime>) -> Result<(), InvalidField> {
    trigger.check()?;
    let is_instant = !trigger.is_now() && !trigger.is_relative_to_event();
    match (event, trigger.is_relative_to_event(), is_instant) {
        (None, true, _) => {
            let rule = "a trigger relative to an event needs the event's time";
            Err(InvalidField::new("event", Rule::NotEmpty, rule))
        }
        (Some(_), _, true) => {
            let rule = "a reminder about an event is sent relative to it: give a distance \
                        (before, days_before, after, now), or leave the event out";
            Err(InvalidField::new("at", Rule::Contradiction, rule))
        }
        _ => Ok(()),
    }
}

/// A reminder whose every value was checked.
#[derive(Debug, Clone)]
pub(crate) struct Checked {
    pub(crate) kind: Kind,
    pub(crate) about: Subject,
    pub(crate) person: PersonKey,
    pub(crate) channel: Channel,
    pub(crate) key: DedupKey,
    pub(crate) priority: Priority,
    pub(crate) event: Option<EventTime>,
    pub(crate) trigger: Trigger,
    pub(crate) data: TaskData,
    pub(crate) request: Request,
}

impl Checked {
    /// Whether the other asks for the very same.
    pub(crate) fn same_as(&self, other: &Checked) -> bool {
        self.key == other.key
            && self.event == other.event
            && self.trigger == other.trigger
            && self.priority == other.priority
            && self.data == other.data
            && self.request == other.request
    }
}
