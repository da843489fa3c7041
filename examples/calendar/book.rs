//! Keeps the stored reminders in step with what the files say.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    sync::Arc,
};

use jiff::tz::TimeZone;
use puntual::{
    Reminders, Scheduler,
    scheduler::ScheduleErrorKind,
    store::{TaskFilter, TaskStore, TaskStoreExt},
    task::{DedupKey, Kind, Limits, Task, TaskState},
    time::TzDatabase,
};

use super::{
    output::Line,
    plan::{Ask, KIND, Note, Rules, from_chrono, subject},
    reading::{Occurrence, Reading, Start, problem::Problem},
};

/// The reminders in a database.
#[derive(Debug)]
pub(crate) struct Book {
    pub(crate) scheduler: Scheduler,
    pub(crate) store: Arc<dyn TaskStore>,
    pub(crate) rules: Rules,
}

/// What is known of one run.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    pub(crate) lines: Vec<Line>,
    pub(crate) problems: Vec<Problem>,
}

/// What the files ask for.
#[derive(Debug, Default)]
struct Wanted<'r> {
    asks: BTreeMap<DedupKey, (Ask, &'r Occurrence)>,
    /// Occurrences by the id of their subject.
    known: BTreeMap<String, &'r Occurrence>,
}

impl Book {
    /// Schedules what the files say, cancels what they no longer say, and lists the outcome.
    ///
    /// # Errors
    ///
    /// The store failed. Running again completes what was begun.
    pub(crate) async fn update(
        &self,
        readings: &BTreeMap<String, Reading>,
    ) -> Result<Entry, Box<dyn Error>> {
        let mut entry = Entry::default();
        let mut wanted = Wanted::default();
        for occurrence in readings.values().flat_map(|reading| &reading.occurrences) {
            self.want(occurrence, &mut wanted, &mut entry);
        }
        self.schedule(&wanted, &mut entry).await?;
        for task in self.stored().await? {
            let note = note(&task);
            let Some(reading) = readings.get(&note.file) else { continue };
            if !task.is_finished() && self.is_over(&task, &note, reading, &wanted) {
                self.scheduler.cancel(task.id).await?;
            }
        }
        for task in self.stored().await? {
            let note = note(&task);
            if readings.contains_key(&note.file) {
                entry.lines.push(self.line(&task, note, &wanted).await?);
            }
        }
        self.add_unstored(&wanted, &mut entry);
        entry.lines.sort_by_cached_key(|line| {
            (line.start.instant(), line.file.clone(), line.uid.clone(), line.recipient.clone())
        });
        Ok(entry)
    }

    /// Notes whom an occurrence wants to be told, and whom not.
    fn want<'r>(&self, occurrence: &'r Occurrence, wanted: &mut Wanted<'r>, entry: &mut Entry) {
        wanted.known.insert(subject(occurrence).id().to_owned(), occurrence);
        if occurrence.cancelled {
            return;
        }
        let recipients = self.rules.recipients(occurrence);
        if recipients.is_empty() {
            let reason = "nobody is to be told: it has no attendees, and --to is not given";
            entry.lines.push(self.unscheduled(occurrence, None, reason));
        }
        for recipient in recipients {
            let ask = recipient.map_err(Box::<dyn Error>::from);
            match ask.and_then(|to| self.rules.ask(occurrence, to)) {
                Ok(ask) => drop(wanted.asks.insert(ask.key.clone(), (ask, occurrence))),
                Err(reason) => self.refuse(occurrence, None, &reason.to_string(), entry),
            }
        }
    }

    async fn schedule(&self, wanted: &Wanted<'_>, entry: &mut Entry) -> Result<(), Box<dyn Error>> {
        let asks: Vec<_> = wanted.asks.values().collect();
        for batch in asks.chunks(Limits::BATCH) {
            let reminders = batch.iter().map(|(ask, _)| ask.reminder.clone()).collect();
            match self.scheduler.schedule_all(reminders).await {
                Ok(_) => continue,
                Err(error) if error.kind() == ScheduleErrorKind::Invalid => {}
                Err(error) => return Err(error.into()),
            }
            // One bad reminder refuses its whole batch: find it.
            for (ask, occurrence) in batch {
                match self.scheduler.schedule(ask.reminder.clone()).await {
                    Ok(_) => {}
                    Err(error) if error.kind() == ScheduleErrorKind::Invalid => {
                        let reason = match error.invalid_field() {
                            Some(field) => field.to_string(),
                            None => error.to_string(),
                        };
                        self.refuse(occurrence, Some(&ask.recipient), &reason, entry);
                    }
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    /// Whether a pending reminder is no longer asked for.
    fn is_over(&self, task: &Task, note: &Note, reading: &Reading, wanted: &Wanted<'_>) -> bool {
        if wanted.asks.contains_key(&task.dedup_key) {
            return false;
        }
        if wanted.known.contains_key(task.subject.id()) {
            return true;
        }
        let uid = note.uid.as_str();
        let unread = reading.recurring.contains(uid)
            && !task.event_at.is_some_and(|at| self.rules.is_read(from_chrono(at)));
        reading.complete && !reading.unsettled.contains(uid) && !unread
    }

    async fn stored(&self) -> Result<Vec<Task>, Box<dyn Error>> {
        let mut filter = TaskFilter::default();
        filter.kind = Some(Kind::new(KIND)?);
        Ok(self.store.all(filter).await?)
    }

    async fn line(
        &self,
        task: &Task,
        note: Note,
        wanted: &Wanted<'_>,
    ) -> Result<Line, Box<dyn Error>> {
        let occurrence = wanted.known.get(task.subject.id());
        let reason = match (task.state, occurrence) {
            (TaskState::Scheduled, _) if task.revision.0 == 1 => None,
            (TaskState::Cancelled, Some(occurrence)) if occurrence.cancelled => {
                Some("the calendar cancels it".to_owned())
            }
            (TaskState::Cancelled, None) => Some("it is no longer in the file".to_owned()),
            _ => {
                let history = self.store.history_of(task.id).await?;
                // Runs with --now repeat a time: only the revision tells what came last.
                let last = history.iter().max_by_key(|stored| stored.revision);
                let last = last.and_then(|stored| stored.entry.reason.as_ref());
                last.map(|reason| reason.sentence().to_owned())
            }
        };
        Ok(Line {
            file: note.file,
            uid: note.uid,
            summary: note.summary,
            start: occurrence.map_or_else(|| stored_start(task), |known| known.start.clone()),
            due: Some(from_chrono(task.due_at)),
            expires: Some(from_chrono(task.expires_at)),
            state: task.state.as_str().to_owned(),
            reason,
            recipient: Some(note.recipient),
        })
    }

    /// Adds the cancelled occurrences for which nothing was ever stored.
    fn add_unstored(&self, wanted: &Wanted<'_>, entry: &mut Entry) {
        let listed: BTreeSet<_> = entry
            .lines
            .iter()
            .map(|line| (line.file.clone(), line.uid.clone(), line.start.instant()))
            .collect();
        for occurrence in wanted.known.values().filter(|occurrence| occurrence.cancelled) {
            let (file, uid) = (occurrence.file.to_string(), occurrence.uid.to_string());
            if !listed.contains(&(file, uid, occurrence.start.instant())) {
                let line = self.unscheduled(occurrence, None, "the calendar cancels it");
                entry.lines.push(Line { state: TaskState::Cancelled.as_str().to_owned(), ..line });
            }
        }
    }

    fn refuse(&self, of: &Occurrence, to: Option<&str>, reason: &str, entry: &mut Entry) {
        entry.problems.push(Problem::of_event(&of.file, &of.uid, reason));
        entry.lines.push(self.unscheduled(of, to, reason));
    }

    fn unscheduled(&self, occurrence: &Occurrence, to: Option<&str>, reason: &str) -> Line {
        Line {
            file: occurrence.file.to_string(),
            uid: occurrence.uid.to_string(),
            summary: occurrence.summary.to_string(),
            start: occurrence.start.clone(),
            due: self.rules.due(occurrence, &TzDatabase::newest()),
            expires: occurrence.start.instant(),
            state: "not scheduled".to_owned(),
            reason: Some(reason.to_owned()),
            recipient: to.map(str::to_owned),
        }
    }
}

fn note(task: &Task) -> Note {
    serde_json::from_str(task.data.as_str()).unwrap_or_default()
}

/// The start of an event that is no longer in its file.
fn stored_start(task: &Task) -> Start {
    let event = task.body.head().ok().and_then(|head| head.event);
    let civil = event.as_ref().and_then(|event| {
        let at = event.local()?.format("%Y-%m-%dT%H:%M:%S").to_string().parse().ok()?;
        let zone = TimeZone::get(event.zone()?.as_str()).ok()?;
        Some(Start::Civil { at, zone })
    });
    civil.unwrap_or_else(|| Start::Instant {
        at: from_chrono(task.event_at.unwrap_or(task.due_at)),
        shown_in: TimeZone::UTC,
    })
}
