//! What is delivered: rendered, addressed, and with what a provider may want to know.

use chrono::{DateTime, Utc};

use crate::task::{Attachment, Kind, Message, Recipient, Subject, TaskData};

/// A rendered and addressed message.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Notification {
    /// What sort of message it is.
    pub kind: Kind,
    /// What it is about.
    pub subject: Subject,
    /// Whom to tell; the resolver has been asked.
    pub recipient: Recipient,
    /// The words.
    pub message: Message,
    /// The files that go with it, for channels that can carry them.
    pub attachments: Vec<Attachment>,
    /// From whom, where it is not the channel's own sender.
    pub from: Option<String>,
    /// Where answers go.
    pub reply_to: Option<String>,
    /// When the event takes place.
    pub event_at: Option<DateTime<Utc>>,
    /// When it was to be sent.
    pub due_at: DateTime<Utc>,
    /// From when on it is pointless.
    pub expires_at: DateTime<Utc>,
    /// The host's own JSON.
    pub data: TaskData,
}

impl Notification {
    /// A notification without sender, event and data: for tests of notifiers.
    pub fn new(
        kind: Kind,
        subject: Subject,
        recipient: Recipient,
        message: Message,
        due_at: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Notification {
        Notification {
            kind,
            subject,
            recipient,
            message,
            attachments: Vec::new(),
            from: None,
            reply_to: None,
            event_at: None,
            due_at,
            expires_at,
            data: TaskData::default(),
        }
    }
}
