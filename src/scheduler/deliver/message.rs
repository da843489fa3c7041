//! The words of a message, fixed ones or those of the renderer, and the file that goes with it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Delivery, Step, words_of};
use crate::render::{RenderRequest, calendar};
use crate::scheduler::decide::{Failure, Happened};
use crate::task::{Attachment, Body, Content, InvalidField, Message, Reason, Recipient, SafeText};

impl Delivery {
    /// The words of the message. Whatever is wrong with them may be mended before the next
    /// attempt: a template is a file of the host's.
    pub(super) fn render(&self, body: &Body, recipient: &Recipient) -> Step<Message> {
        let template = match &body.request.content {
            Content::Text(message) => return Ok(message.clone()),
            Content::Template(template) => template,
        };
        let failed = |reason, words: SafeText| {
            Err(Happened::Transient(Failure::new(reason, "render", words)))
        };
        let Some(renderer) = &self.engine.renderer else {
            return failed(Reason::Render, "no renderer is configured".into());
        };
        let (now, event) = (self.engine.now(), body.head.event.as_ref());
        let tzdb = self.engine.tzdb();
        let request = RenderRequest::new(now, template, &self.task, recipient, event, &tzdb);
        let rendered = catch_unwind(AssertUnwindSafe(|| renderer.render(&request)));
        let message = match rendered {
            Ok(Ok(message)) => message,
            Ok(Err(error)) => return failed(Reason::Render, error.to_string().into()),
            Err(panic) => return failed(Reason::Panic, words_of(&*panic).into()),
        };
        match message.check() {
            Ok(()) => Ok(message),
            Err(refused) => failed(Reason::Render, refused.to_string().into()),
        }
    }

    /// The calendar file, if one was asked for: its time is that of the event as of now.
    pub(super) fn attachments(&self, body: &Body) -> Step<Vec<Attachment>> {
        let (Some(entry), Some(event)) = (&body.request.calendar, &body.head.event) else {
            return Ok(Vec::new());
        };
        let as_of = body.revised_at(self.task.created_at);
        let start = event.resolve(&self.engine.tzdb()).map_err(InvalidField::from);
        let file = start.and_then(|start| calendar::file(as_of, entry, &self.task.subject, start));
        let failed = |refused: InvalidField| {
            Happened::Transient(Failure::new(Reason::Render, "calendar", refused.to_string()))
        };
        file.map(|file| vec![file]).map_err(failed)
    }
}
