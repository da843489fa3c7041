//! Hostile input, row by row of the list of threats: each test has the name of its row.
//!
//! What people type into forms is drawn from a seed. An ordinary run takes the first seeds of each
//! test; `PUNTUAL_SECURITY_SEEDS` says how many, and `PUNTUAL_SECURITY_SEED` with which one to
//! begin. A seed that fails prints the command that runs it again:
//!
//! ```text
//! PUNTUAL_SECURITY_SEEDS=1000000 cargo test --release --all-features --test it security::
//! ```

mod s01_recipients;
mod s02_headers;
mod s03_end_of_data;
mod s04_html;
mod s05_templates;

use fastrand::Rng;
use puntual::notify::{Notification, Notifier as _, NotifyError, Receipt};
use puntual::task::{EmailAddress, Message};
use puntual::testing::{self, SmtpMail, SmtpScript};

use crate::smtp::Bench;

const FIRST: &str = "PUNTUAL_SECURITY_SEED";
const COUNT: &str = "PUNTUAL_SECURITY_SEEDS";

/// Messages to one server before its journal is read and another one is started.
const CHUNK: usize = 250;

fn number(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{variable} is no number: {value}")))
}

/// `ordinary` seeds, or those that the environment asks for, in chunks.
fn seeds(ordinary: u64) -> Vec<Vec<u64>> {
    let (first, count) = (number(FIRST).unwrap_or(0), number(COUNT).unwrap_or(ordinary));
    let all: Vec<u64> = (first..first + count).collect();
    all.chunks(CHUNK).map(<[u64]>::to_vec).collect()
}

/// How to run one seed of a test again.
fn again(test: &str, seed: u64) -> String {
    format!("again: {FIRST}={seed} {COUNT}=1 cargo test --all-features --test it {test}")
}

/// What breaks lines, headers, addresses, markup and templates, and what is only odd.
#[rustfmt::skip]
const PIECES: [&str; 56] = [
    "\r\n", "\n", "\r", "\u{85}", "\u{b}", "\u{c}", "\u{2028}", "\u{2029}", "\0", "\t", " ", "  ",
    "\r\nBcc: x@evil.example", "\nBcc: x@evil.example\n", "Bcc:", "\r\n\r\n", "\r\n.\r\n", ".", "..",
    "\n.\n", "\r.\r", "=?utf-8?q?=0D=0ABcc:_x@evil.example?=", "=?utf-8?b?DQpCY2M6IHhAZXZpbC5leGFtcGxl?=",
    "=?", "?=", "=0D=0A", "%0d%0a", "=", "<", ">", "\"", "\\", ",", ";", ":", "(", ")", "[", "]", "@",
    "@evil.example", "<x@evil.example>", "a", "Jane", "Court 3", "é", "Größe", "確認", "🎾", "e\u{301}",
    "\u{202e}", "\u{feff}", "\u{ad}", "\u{1b}[31m", "x@x.example", "wordwordwordwordwordwordword",
];

/// A text of one to twelve pieces, a random character here and there.
fn hostile(rng: &mut Rng) -> String {
    let mut text = String::new();
    for _ in 0..rng.usize(1..=12) {
        match rng.u8(..) {
            0..16 => text.push(rng.char(..)),
            16..32 => text.push(char::from(rng.u8(..))),
            _ => text.push_str(PIECES[rng.usize(..PIECES.len())]),
        }
    }
    text
}

/// A polite server that takes every address, and a notifier that sends to it.
async fn bench() -> Bench {
    Bench::plain(SmtpScript::new().offers(["8BITMIME", "SMTPUTF8"])).await
}

fn to_jane(message: impl Into<Message>) -> Notification {
    let jane: EmailAddress = "jane@example.com".parse().unwrap();
    testing::notification(jane, message)
}

async fn send(bench: &Bench, notification: &Notification) -> Result<Receipt, NotifyError> {
    bench.notifier.notify(&bench.attempt(), notification).await
}

/// The commands of all conversations are those of a polite client, and name no more recipients
/// than messages.
#[track_caller]
fn check_commands(bench: &Bench, mails: &[SmtpMail]) {
    let conversations = bench.server.conversations();
    let commands = conversations.iter().flat_map(|conversation| &conversation.commands);
    let mut recipients = 0;
    for command in commands {
        let verb = command.split([' ', ':']).next().unwrap_or_default();
        assert!(["EHLO", "MAIL", "RCPT", "DATA", "RSET", "QUIT"].contains(&verb), "{command:?}");
        recipients += usize::from(verb == "RCPT");
    }
    assert_eq!(recipients, mails.len());
}

/// Lines end with CRLF and nothing else, and none of them is a lone dot: no server, however it
/// reads line ends, sees the end of the message here.
#[track_caller]
fn check_raw(raw: &[u8]) {
    let shown = String::from_utf8_lossy(raw);
    let bare = raw.windows(2).any(|pair| (pair[0] == b'\r') != (pair[1] == b'\n'));
    assert!(!bare && raw.ends_with(b"\r\n"), "a bare CR or LF in {shown:?}");
    assert!(!raw.split(|byte| *byte == b'\n').any(|line| line == b".\r"), "a lone dot: {shown:?}");
    assert!(raw.split(|byte| *byte == b'\n').all(|line| line.len() <= 1_000), "long: {shown:?}");
}
