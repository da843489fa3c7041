//! What a scripted server saw.

/// A connection as the server saw it.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct SmtpConversation {
    /// The lines that were commands or answers to AUTH, without their ends; a message is none.
    pub commands: Vec<String>,
    /// Every byte that came without TLS.
    pub in_clear: Vec<u8>,
    /// Whether it went on, or began, under TLS.
    pub is_protected: bool,
    /// Whether it is over.
    pub is_over: bool,
}

/// A message whose final dot came.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SmtpMail {
    /// The connection, counted from 0.
    pub conversation: usize,
    /// The line that named the sender.
    pub mail: String,
    /// The lines that named the recipients.
    pub recipients: Vec<String>,
    /// The bytes between DATA and the final dot, as they came.
    pub raw: Vec<u8>,
    /// The code of the answer, once it was given; absent where it was no answer.
    pub answer: Option<u16>,
}

impl SmtpMail {
    /// The message: [`raw`](SmtpMail::raw) with the doubled dots undone (RFC 5321, section 4.5.2).
    pub fn content(&self) -> Vec<u8> {
        let lines = self.raw.split_inclusive(|byte| *byte == b'\n');
        lines.flat_map(|line| line.strip_prefix(b".").unwrap_or(line)).copied().collect()
    }

    /// The same as text; what is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.content()).into_owned()
    }
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Journal {
    pub(super) conversations: Vec<SmtpConversation>,
    pub(super) mails: Vec<SmtpMail>,
}
