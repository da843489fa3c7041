//! A mailbox with a door in front of its gate: attempts wait there until it opens.

use async_trait::async_trait;
use puntual::notify::{
    Attempt, MemoryNotifier, Notification, Notifier, NotifyError, OnUncertain, Receipt,
};
use puntual::task::Channel;
use puntual::time::{Clock, SystemClock};
use tokio::sync::watch;

use crate::killed::{Line, PATIENCE};

/// Keeps what it is given; clones share it.
#[derive(Debug, Clone)]
pub(super) struct Mailbox {
    kept: MemoryNotifier,
    open: watch::Sender<bool>,
    /// Attempts that came to the door so far, and those that went away with nothing left there.
    came: watch::Sender<usize>,
    refused: watch::Sender<usize>,
}

impl Mailbox {
    pub(super) fn new() -> Mailbox {
        let kept = MemoryNotifier::new(Channel::EMAIL);
        Mailbox {
            kept,
            open: watch::Sender::new(true),
            came: watch::Sender::new(0),
            refused: watch::Sender::new(0),
        }
    }

    /// One whose door is shut.
    pub(super) fn shut() -> Mailbox {
        let mailbox = Mailbox::new();
        mailbox.open.send_replace(false);
        mailbox
    }

    pub(super) fn open(&self) {
        self.open.send_replace(true);
    }

    pub(super) fn came(&self) -> usize {
        *self.came.borrow()
    }

    pub(super) fn refused(&self) -> usize {
        *self.refused.borrow()
    }

    /// Waits until somebody was told about the subject with this id.
    pub(super) async fn until_told(&self, clock: &SystemClock, id: &str) {
        let mut came = self.came.subscribe();
        tokio::select! {
            biased;
            // Its own sender lives as long as this waits.
            _ = came.wait_for(|_| self.subjects().iter().any(|told| told == id)) => {}
            () = clock.sleep(PATIENCE) => panic!("nobody was told about {id}"),
        }
    }

    /// What came in, in order, as a journal has it.
    pub(super) fn lines(&self) -> Vec<Line> {
        self.kept.sent().iter().map(Line::from).collect()
    }

    /// The ids of the subjects that somebody was told about, in order.
    pub(super) fn subjects(&self) -> Vec<String> {
        self.kept.sent().iter().map(|sent| sent.notification.subject.id().to_owned()).collect()
    }
}

#[async_trait]
impl Notifier for Mailbox {
    fn channel(&self) -> Channel {
        Channel::EMAIL
    }

    fn on_uncertain(&self) -> OnUncertain {
        self.kept.on_uncertain()
    }

    async fn notify(
        &self,
        attempt: &Attempt,
        notification: &Notification,
    ) -> Result<Receipt, NotifyError> {
        self.came.send_modify(|came| *came += 1);
        let _ = self.open.subscribe().wait_for(|open| *open).await;
        let answer = self.kept.notify(attempt, notification).await;
        self.refused.send_modify(|refused| *refused += usize::from(answer.is_err()));
        self.came.send_modify(|_| ());
        answer
    }
}
