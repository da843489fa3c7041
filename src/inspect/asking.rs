//! The questions themselves: methods of the engine that only read.

use super::explain::{Explanation, explained};
use super::stats::Stats;
use crate::scheduler::{ScheduleError, Scheduler};
use crate::store::{HistoryQuery, StoredEntry, TaskFilter, TaskQuery, TaskStore, TaskStoreExt};
use crate::task::{Subject, Task, TaskId};

/// How many rows one page of a walk holds.
const PAGE: u32 = 500;
/// At most so many tasks of one subject are explained: the first by id.
const SUBJECT_MAX: usize = 1_000;
/// At most so many entries of one task are read; no task comes near it in its life.
const ENTRIES_MAX: usize = 20_000;

impl Scheduler {
    /// Explains one task: has it been sent, and if not, why not; `None` if there is no such task.
    ///
    /// It reads and changes nothing. A task whose history was erased or whose record is damaged is
    /// explained as far as possible.
    ///
    /// # Errors
    ///
    /// The store failed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    ///
    /// # Examples
    ///
    /// ```
    /// use puntual::notify::MemoryNotifier;
    /// use puntual::store::MemoryStore;
    /// use puntual::task::{Channel, EmailAddress, Subject};
    /// use puntual::{Reminder, Reminders, Scheduler};
    ///
    /// # tokio_test::block_on(async {
    /// let scheduler = Scheduler::builder(MemoryStore::new())
    ///     .notifier(MemoryNotifier::new(Channel::EMAIL))
    ///     .guard(|_task| async { Ok::<_, std::io::Error>(false) })
    ///     .build()?;
    /// let jane: EmailAddress = "jane@example.com".parse()?;
    /// let reminder = Reminder::new("confirmation", &Subject::new("booking", 123), jane);
    /// let id = scheduler.schedule(reminder.text("You are booked.").now()).await?.id;
    /// scheduler.run_until_idle().await?;
    ///
    /// let text = scheduler.explain(id).await?.expect("it is stored").to_string();
    /// assert!(text.starts_with("confirmation about booking 123, by email to j***@e***.com\n"));
    /// assert!(text.contains("the host's guard said that it must not be sent"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    pub async fn explain(&self, id: TaskId) -> Result<Option<Explanation>, ScheduleError> {
        let task = self.engine.store.task(id).await?;
        Ok(self.explain_all(task.into_iter().collect()).await?.pop())
    }

    /// Explains every task about a subject, in the order in which they were made; at most 1,000.
    ///
    /// # Errors
    ///
    /// The store failed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    pub async fn explain_subject(
        &self,
        subject: &Subject,
    ) -> Result<Vec<Explanation>, ScheduleError> {
        let mut query = TaskQuery::new(TaskFilter::subject(subject.clone()), PAGE);
        let mut tasks: Vec<Task> = Vec::new();
        loop {
            let page = self.engine.store.list(&query).await?;
            let full = page.len() == PAGE as usize;
            tasks.extend(page);
            match tasks.last() {
                Some(last) if full && tasks.len() < SUBJECT_MAX => query = query.after(last),
                _ => break,
            }
        }
        tasks.truncate(SUBJECT_MAX);
        self.explain_all(tasks).await
    }

    async fn explain_all(&self, tasks: Vec<Task>) -> Result<Vec<Explanation>, ScheduleError> {
        let mut explanations = Vec::with_capacity(tasks.len());
        if tasks.is_empty() {
            return Ok(explanations);
        }
        let mut around = self.engine.look_around().await?;
        around.suppressed = self.engine.suppressions.among(around.now, &tasks).await?;
        for task in &tasks {
            let history = self.history(task.id).await?;
            explanations.push(explained(task, &history, &around, &self.engine.tzdb()));
        }
        Ok(explanations)
    }

    /// What happened to a task, oldest first; nothing where it is unknown or its history was
    /// erased. [`sentence`](super::sentence) puts an entry into words.
    ///
    /// The entries are as stored: words of providers in them can hold addresses, which
    /// [`Scheduler::explain`] redacts. At most 20,000 are read.
    ///
    /// # Errors
    ///
    /// The store failed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    pub async fn history(&self, id: TaskId) -> Result<Vec<StoredEntry>, ScheduleError> {
        let mut query = HistoryQuery::of(id, PAGE);
        let mut entries: Vec<StoredEntry> = Vec::new();
        loop {
            let page = self.engine.store.history(&query).await?;
            let full = page.len() == PAGE as usize;
            entries.extend(page);
            match entries.last() {
                Some(last) if full && entries.len() < ENTRIES_MAX => query = query.after(last),
                _ => break,
            }
        }
        // Stores order by time, then id: what happened in one instant is told apart by revision.
        entries.sort_by_key(|stored| stored.revision);
        Ok(entries)
    }

    /// Counts what is stored, what happened in the last day, how late messages were in the last
    /// hour, and what holds at the moment.
    ///
    /// It reads the history of a day, page by page; [`Stats`] says where that was cut short.
    ///
    /// # Errors
    ///
    /// The store failed.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: it only reads.
    pub async fn stats(&self) -> Result<Stats, ScheduleError> {
        let around = self.engine.look_around().await?;
        let stored = self.engine.store.stats(around.now).await?;
        let recent = super::recent::Recent::read(around.now, &*self.engine.store).await?;
        Ok(Stats::of(&around, &stored, recent, self.engine.tzdb().version().as_str()))
    }
}
