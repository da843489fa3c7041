//! A notifier that prints what would be sent.

use std::fmt;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::{Attempt, Notification, Notifier, NotifyError, OnUncertain, Receipt};
use crate::task::{Channel, SafeText};

/// Prints what would be sent, readable, to standard output or to any writer.
///
/// Addresses are printed redacted, and text is printed safe: an escape sequence in a name cannot
/// paint the terminal.
#[derive(Clone)]
pub struct ConsoleNotifier {
    channel: Channel,
    out: Arc<Mutex<dyn Write + Send>>,
}

impl ConsoleNotifier {
    /// Prints the messages of `channel` to standard output.
    pub fn new(channel: Channel) -> ConsoleNotifier {
        Self::to_writer(channel, io::stdout())
    }

    /// Prints the messages of `channel` to `out`.
    pub fn to_writer(channel: Channel, out: impl Write + Send + 'static) -> ConsoleNotifier {
        ConsoleNotifier { channel, out: Arc::new(Mutex::new(out)) }
    }

    fn print(&self, key: &str, notification: &Notification) -> io::Result<()> {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        out.write_all(page(&self.channel, key, notification).as_bytes())?;
        out.flush()
    }
}

/// The message as a person reads it, with a bar on its left.
fn page(channel: &Channel, key: &str, notification: &Notification) -> String {
    let mut page = format!(
        "\n┌ {channel} to {}  ({}, {})\n",
        notification.recipient.address(),
        notification.kind,
        notification.subject,
    );
    let message = &notification.message;
    if let Some(subject) = &message.subject {
        page.push_str(&format!("│ {}\n│\n", SafeText::limited(subject, usize::MAX)));
    }
    for line in message.text.lines() {
        page.push_str(&format!("│ {}\n", SafeText::limited(line, usize::MAX)));
    }
    for file in &notification.attachments {
        let line = format!("with {}, {} bytes", file.name(), file.content().len());
        page.push_str(&format!("│\n│ {}\n", SafeText::limited(&line, usize::MAX)));
    }
    page.push_str(&format!("└ {key}\n"));
    page
}

impl fmt::Debug for ConsoleNotifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConsoleNotifier").field("channel", &self.channel).finish_non_exhaustive()
    }
}

#[async_trait]
impl Notifier for ConsoleNotifier {
    fn channel(&self) -> Channel {
        self.channel.clone()
    }

    fn on_uncertain(&self) -> OnUncertain {
        OnUncertain::Resend { after: Duration::ZERO }
    }

    async fn notify(
        &self,
        attempt: &Attempt,
        notification: &Notification,
    ) -> Result<Receipt, NotifyError> {
        let handed_off = attempt.hand_off().await?;
        self.print(&attempt.idempotency_key(), notification).map_err(|error| {
            NotifyError::channel_down("console", error.to_string()).with_source(error)
        })?;
        Ok(handed_off.accepted("printed"))
    }
}
