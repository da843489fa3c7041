//! A task, its recipient and its event, as a renderer gets to see them.

use chrono::{DateTime, Utc};
use puntual::chrono;
use puntual::render::{RenderError, RenderRequest, Renderer, TemplateSource, Templates};
use puntual::task::{
    Channel, EmailAddress, Entropy, EntryId, HistoryEntry, Kind, Message, NewTask, PersonKey,
    Recipient, Subject, Task, TaskData, TaskId, TaskState, What,
};
use puntual::time::{EventTime, TzDatabase};
use serde_json::Value;

/// Jane's booking on Friday 2026-07-10 at 15:00 in Berlin, seen the day before at 15:00.
pub(crate) struct Scene {
    pub(crate) now: DateTime<Utc>,
    pub(crate) task: Task,
    pub(crate) recipient: Recipient,
    pub(crate) event: Option<EventTime>,
}

impl Scene {
    pub(crate) fn new() -> Scene {
        let due_at = instant("2026-07-09T13:00:00Z");
        let entropy = Entropy::seeded(1);
        let id = TaskId::new(due_at, &entropy);
        let entry_id = EntryId::new(due_at, &entropy);
        let new = NewTask::new(
            id,
            Kind::new("reminder_24h").unwrap(),
            Subject::new("booking", 123),
            PersonKey::new("user 5").unwrap(),
            Channel::EMAIL,
            due_at,
            instant("2026-07-10T13:00:00Z"),
            HistoryEntry::new(entry_id, id, due_at, What::Scheduled, TaskState::Scheduled),
        );
        let jane: EmailAddress = "jane@example.com".parse().unwrap();
        Scene {
            now: due_at,
            task: Task::from_new(due_at, &new),
            recipient: Recipient::from(jane).named("Jane Doe"),
            event: Some(EventTime::civil("2026-07-10T15:00", "Europe/Berlin").unwrap()),
        }
    }

    pub(crate) fn at(mut self, now: &str) -> Scene {
        self.now = instant(now);
        self
    }

    pub(crate) fn event(mut self, local: &str, zone: &str) -> Scene {
        self.event = Some(EventTime::civil(local, zone).unwrap());
        self
    }

    pub(crate) fn speaking(mut self, tag: &str) -> Scene {
        self.recipient = self.recipient.locale(tag);
        self
    }

    pub(crate) fn data(mut self, data: Value) -> Scene {
        self.task.data = TaskData::new(&data).unwrap();
        self
    }

    pub(crate) fn render(&self, templates: &Templates, name: &str) -> Result<Message, RenderError> {
        let tzdb = TzDatabase::bundled();
        let event = self.event.as_ref();
        templates.render(&RenderRequest::new(
            self.now,
            name,
            &self.task,
            &self.recipient,
            event,
            &tzdb,
        ))
    }

    /// What a template of text makes of the scene.
    pub(crate) fn text(&self, template: &str) -> Result<String, String> {
        let templates = Templates::new().with("t", TemplateSource::text(template)).unwrap();
        self.render(&templates, "t").map(|message| message.text).map_err(|e| e.to_string())
    }

    /// What a template of HTML makes of the scene.
    pub(crate) fn html(&self, template: &str) -> Result<String, String> {
        let source = TemplateSource::text("text").with_html(template);
        let templates = Templates::new().with("t", source).map_err(|e| e.to_string())?;
        self.render(&templates, "t").map(|message| message.html.unwrap()).map_err(|e| e.to_string())
    }
}

pub(crate) fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}
