//! What a scripted server does when a phase comes.

use std::fmt;
use std::time::Duration;

use crate::testing::VirtualClock;
use crate::time::Clock as _;

/// What a [`ScriptedSmtp`](super::ScriptedSmtp) does in one phase instead of its polite answer.
#[derive(Debug, Clone)]
pub struct SmtpStep {
    pub(super) answer: Answer,
    pub(super) delay: Option<Delay>,
    pub(super) closes: bool,
}

#[derive(Clone)]
pub(super) enum Answer {
    Bytes(Vec<u8>),
    Nothing,
    EndlessLine,
}

#[derive(Debug, Clone)]
pub(super) struct Delay {
    clock: VirtualClock,
    duration: Duration,
}

impl SmtpStep {
    fn new(answer: Answer) -> SmtpStep {
        SmtpStep { answer, delay: None, closes: false }
    }

    /// Answers `text`; the end of the last line is added.
    pub fn reply(text: &str) -> SmtpStep {
        Self::bytes(format!("{text}\r\n"))
    }

    /// Answers exactly these bytes, whatever they are.
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> SmtpStep {
        Self::new(Answer::Bytes(bytes.into()))
    }

    /// Closes the connection without an answer.
    pub fn close() -> SmtpStep {
        Self::new(Answer::Nothing).then_close()
    }

    /// Never answers, and keeps the connection.
    pub fn silence() -> SmtpStep {
        Self::new(Answer::Nothing)
    }

    /// Answers with a line that does not end.
    pub fn endless_line() -> SmtpStep {
        Self::new(Answer::EndlessLine)
    }

    /// Waits so long first, by this clock.
    #[must_use]
    pub fn after(mut self, clock: &VirtualClock, duration: Duration) -> SmtpStep {
        self.delay = Some(Delay { clock: clock.clone(), duration });
        self
    }

    /// Closes the connection afterwards.
    #[must_use]
    pub fn then_close(mut self) -> SmtpStep {
        self.closes = true;
        self
    }
}

impl Delay {
    pub(super) async fn pass(&self) {
        self.clock.sleep(self.duration).await;
    }
}

impl Answer {
    /// Whether a client would read a yes.
    pub(super) fn says_yes(&self) -> bool {
        self.code().is_some_and(|code| code / 100 == 2)
    }

    /// The code that a client would read first, if the answer begins like one.
    pub(super) fn code(&self) -> Option<u16> {
        match self {
            Answer::Bytes(bytes) => str::from_utf8(bytes.get(..3)?).ok()?.parse().ok(),
            Answer::Nothing | Answer::EndlessLine => None,
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Answer::Bytes(bytes) => write!(f, "Bytes({:?})", String::from_utf8_lossy(bytes)),
            Answer::Nothing => f.write_str("Nothing"),
            Answer::EndlessLine => f.write_str("EndlessLine"),
        }
    }
}
