//! Letters with everything in them that may go wrong, and how they look where they arrived.

use mail_parser::{Address, MessageParser};
use puntual::notify::{Notification, Notifier as _, NotifyError, Receipt, SmtpNotifier};
use puntual::task::{EmailAddress, Message, TaskId};
use puntual::testing;

/// A message to one person.
pub(super) struct Letter {
    to: String,
    name: Option<&'static str>,
    message: Message,
    task: TaskId,
}

impl Letter {
    pub(super) fn new(to: &str, message: impl Into<Message>) -> Letter {
        Letter { to: to.to_owned(), name: None, message: message.into(), task: new_task() }
    }

    fn notification(&self) -> Notification {
        let to: EmailAddress = self.to.parse().unwrap();
        let mut notification = testing::notification(to, self.message.clone());
        if let Some(name) = self.name {
            notification.recipient = notification.recipient.named(name);
        }
        notification.reply_to = Some("Büro, Platz 3 <office@court.example>".to_owned());
        notification
    }

    pub(super) async fn send(&self, notifier: &SmtpNotifier) -> Result<Receipt, NotifyError> {
        let attempt = testing::attempt().task(self.task).build();
        notifier.notify(&attempt, &self.notification()).await
    }
}

/// Texts, subjects and names of many kinds, each to somebody else.
pub(super) fn letters() -> Vec<Letter> {
    let long = format!("{}\n{}", "word ".repeat(600), "x".repeat(3_000));
    let words = [
        ("See you at 6 pm.", "Court 3", "Jane Doe"),
        (".\n..\n...\n.css {}\n\n.\nend", ".", "."),
        (
            "a\r\n.\r\nQUIT\r\nMAIL FROM:<x@evil.example>\r\n.\r\nb",
            "Bcc: x@evil.example",
            "Doe, Jane",
        ),
        (
            "Größe 確認 🎾\n.\nÜber=C3=BC =?utf-8?q?x?=",
            "Bestätigung — 確認 🎾",
            "Ünï \"A\" B\\C 🎾",
        ),
        ("From here\nFrom there\n>From all", "From: me", "From"),
        (
            &long,
            "A long subject that goes on and on, folded as often as it must be, to the end",
            "J",
        ),
        ("=", "=?utf-8?q?no_encoded=20word?=", "=?utf-8?b?bm9uZQ==?="),
        ("   spaces \t\n\ttabs\t\n trailing   ", "two  spaces", "Two  Spaces"),
    ];
    let letter = |(number, (text, subject, name)): (usize, (&str, &str, &'static str))| {
        let html = format!("<p>{}</p>\n.\n<p>Größe &lt;3</p>", text.replace('<', "&lt;"));
        let message = Message::text(text).with_subject(subject);
        let message = if number % 2 == 0 { message.with_html(html) } else { message };
        let to = format!("person{number}@example.com");
        Letter { to, name: Some(name), message, task: new_task() }
    };
    words.into_iter().enumerate().map(letter).collect()
}

fn new_task() -> TaskId {
    testing::task_id("2026-07-10T13:00:00Z".parse().unwrap())
}

/// Each letter was delivered so many times, to its recipient, and says what it said.
#[track_caller]
pub(super) fn check_arrived(delivered: &[Vec<u8>], letters: &[Letter], times: usize) {
    assert_eq!(delivered.len(), letters.len() * times);
    for letter in letters {
        let of_letter = |raw: &&Vec<u8>| {
            let parsed = MessageParser::default().parse(raw.as_slice()).unwrap();
            parsed.header_raw("Envelope-to").unwrap_or_default().trim() == letter.to
        };
        let arrived: Vec<&Vec<u8>> = delivered.iter().filter(of_letter).collect();
        assert_eq!(arrived.len(), times, "{}", letter.to);
        for raw in arrived {
            check_same(raw, letter);
        }
    }
}

#[track_caller]
fn check_same(raw: &[u8], letter: &Letter) {
    let parsed = MessageParser::default().parse(raw).unwrap();
    let shown = String::from_utf8_lossy(raw);
    let mailbox = |address: Option<&Address<'_>>| {
        let only = address.and_then(Address::first).unwrap_or_else(|| panic!("{shown}"));
        let text = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().map(str::to_owned);
        (text(&only.name), text(&only.address).unwrap_or_default())
    };
    assert_eq!(mailbox(parsed.to()), (letter.name.map(str::to_owned), letter.to.clone()));
    let from = (Some("Court Club".to_owned()), "desk@court.example".to_owned());
    assert_eq!(mailbox(parsed.from()), from, "{shown}");
    let reply_to = (Some("Büro, Platz 3".to_owned()), "office@court.example".to_owned());
    assert_eq!(mailbox(parsed.reply_to()), reply_to, "{shown}");
    assert_eq!(parsed.subject(), letter.message.subject.as_deref(), "{shown}");
    assert!(parsed.bcc().is_none() && parsed.cc().is_none(), "{shown}");
    let id = format!("{}.1@court.example", letter.task);
    assert_eq!(parsed.message_id(), Some(id.as_str()), "{shown}");
    let body = |text: Option<std::borrow::Cow<'_, str>>| lines(&text.unwrap_or_default());
    assert_eq!(body(parsed.body_text(0)), lines(&letter.message.text), "{shown}");
    if let Some(html) = &letter.message.html {
        assert_eq!(body(parsed.body_html(0)), lines(html), "{shown}");
    }
    assert_eq!(parsed.attachment_count(), 0, "{shown}");
}

/// A text by its lines, whatever ends them; the end of the last one is the builder's.
fn lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.trim_end_matches('\n').to_owned()
}
