//! A channel of your own, a pager that is a file: `cargo run --example custom_notifier`.

use std::error::Error;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use puntual::notify::{Attempt, Notification, Notifier, NotifyError, OnUncertain, Receipt, Scope};
use puntual::store::MemoryStore;
use puntual::task::{Address, Channel, Recipient, Subject};
use puntual::{Reminder, Reminders, Scheduler};

/// Writes a line for each message; the address is the number of a pager.
#[derive(Debug)]
struct Pager {
    channel: Channel,
    file: PathBuf,
}

#[async_trait]
impl Notifier for Pager {
    fn channel(&self) -> Channel {
        self.channel.clone()
    }

    fn on_uncertain(&self) -> OnUncertain {
        OnUncertain::Resend { after: Duration::from_secs(60) }
    }

    async fn notify(
        &self,
        attempt: &Attempt,
        notification: &Notification,
    ) -> Result<Receipt, NotifyError> {
        // First everything that can fail without a byte having left.
        let number = match notification.recipient.address() {
            Address::Custom(number) if number.bytes().all(|b| b.is_ascii_digit()) => number,
            _ => {
                return Err(NotifyError::permanent("no_number", "no pager").about(Scope::Recipient));
            }
        };
        let opened = OpenOptions::new().create(true).append(true).open(&self.file);
        // Nobody's message would get through: no attempt is spent, the channel takes a break.
        let mut pager = opened.map_err(|cause| {
            NotifyError::channel_down("closed", "the pager cannot be opened").with_source(cause)
        })?;
        let line =
            format!("{number} {} {}\n", attempt.idempotency_key(), notification.message.text);

        // Then the gate: whoever cancelled or moved the reminder until now is heard.
        let handed_off = attempt.hand_off().await?;

        // After it, what is not a clear answer may have been sent.
        pager.write_all(line.as_bytes()).map_err(|cause| {
            NotifyError::uncertain("cut_off", "the pager may have beeped").with_source(cause)
        })?;
        Ok(handed_off.accepted(format!("{} bytes written", line.len())))
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::temp_dir().join(format!("puntual-pager-{}.txt", std::process::id()));
    let channel = Channel::new("pager")?;
    let pager = Pager { channel: channel.clone(), file: file.clone() };
    let scheduler = Scheduler::builder(MemoryStore::new()).notifier(pager).build()?;
    let booking = Subject::new("booking", 123);
    for (kind, number) in [("confirmation", "5550123"), ("copy", "not a number")] {
        let to = Recipient::custom(channel.clone(), number);
        scheduler.schedule(Reminder::new(kind, &booking, to).text("You are booked.").now()).await?;
    }
    let report = scheduler.run_until_idle().await?;
    let got = std::fs::read_to_string(&file)?;
    print!("{} sent, {} failed for good; the pager got:\n{got}", report.sent, report.failed);
    std::fs::remove_file(&file)?;
    Ok(())
}
