//! S2, header injection: whatever stands in a field, the headers are those of every message.

use fastrand::Rng;
use mail_parser::{Address, MessageParser};
use puntual::notify::{Notification, NotifyErrorKind};
use puntual::task::{Kind, Message, Subject};
use puntual::testing::SmtpMail;

use super::{again, bench, check_commands, check_raw, hostile, seeds, send, to_jane};

const EXPECTED: [&str; 10] = [
    "Auto-Submitted",
    "Content-Transfer-Encoding",
    "Content-Type",
    "Date",
    "From",
    "MIME-Version",
    "Message-ID",
    "Reply-To",
    "Subject",
    "To",
];

/// Puts a value into its field.
type Put = fn(Notification, &str) -> Notification;

/// How the value reads to whoever gets the message, where it is shown at all.
type Read = fn(&mail_parser::Message<'_>) -> Option<String>;

#[tokio::test]
async fn s02_a_name_is_a_name() {
    let test = "s02_a_name_is_a_name";
    let put: Put = |mut notification, name| {
        notification.recipient = notification.recipient.named(name);
        notification
    };
    check(test, 1_000, put, |parsed| name_of(parsed.to()), true).await;
}

#[tokio::test]
async fn s02_a_subject_is_a_subject() {
    let test = "s02_a_subject_is_a_subject";
    let put: Put = |mut notification, subject| {
        notification.message = Message::text("Hello.").with_subject(subject);
        notification
    };
    check(test, 1_000, put, |parsed| parsed.subject().map(str::to_owned), true).await;
}

#[tokio::test]
async fn s02_a_sender_is_one_mailbox() {
    let test = "s02_a_sender_is_one_mailbox";
    let put: Put = |mut notification, name| {
        notification.from = Some(format!("{name} <desk@court.example>"));
        notification
    };
    check(test, 1_000, put, |parsed| name_of(parsed.from()), false).await;
    let put: Put = |mut notification, text| {
        notification.from = Some(text.to_owned());
        notification
    };
    check(test, 1_000, put, |_| None, false).await;
}

#[tokio::test]
async fn s02_a_place_for_answers_is_one_mailbox() {
    let test = "s02_a_place_for_answers_is_one_mailbox";
    let put: Put = |mut notification, name| {
        notification.reply_to = Some(format!("{name} <office@court.example>"));
        notification
    };
    check(test, 1_000, put, |parsed| name_of(parsed.reply_to()), false).await;
    let put: Put = |mut notification, text| {
        notification.reply_to = Some(text.to_owned());
        notification
    };
    check(test, 1_000, put, |_| None, false).await;
}

#[tokio::test]
async fn s02_kinds_and_ids_reach_no_header() {
    let test = "s02_kinds_and_ids_reach_no_header";
    let put: Put = |mut notification, text| {
        notification.kind = Kind::new(text).unwrap_or(notification.kind);
        notification.subject = Subject::new(text, text);
        notification
    };
    check(test, 200, put, |_| None, true).await;
}

/// Sends a message for each seed. It is refused before anything is said, or it arrives with the
/// headers that every message has. Where the field is `plain`, the value reads as it was given.
async fn check(test: &str, ordinary: u64, put: Put, read: Read, plain: bool) {
    let (mut drawn, mut accepted) = (0, 0);
    for seeds in seeds(ordinary) {
        let bench = bench().await;
        let mut sent = Vec::new();
        for seed in &seeds {
            let value = hostile(&mut Rng::with_seed(*seed));
            let mut notification = to_jane(Message::text("Hello.").with_subject("Court"));
            notification.reply_to = Some("office@court.example".to_owned());
            match send(&bench, &put(notification, &value)).await {
                Ok(_) => sent.push((*seed, value)),
                Err(error) => {
                    let again = again(test, *seed);
                    assert_eq!(error.kind(), NotifyErrorKind::Permanent, "{value:?} {again}");
                }
            }
        }
        let mails = bench.server.mails();
        assert_eq!(mails.len(), sent.len(), "messages; {}", again(test, seeds[0]));
        for (mail, (seed, value)) in mails.iter().zip(&sent) {
            let again = again(test, *seed);
            let shown = read_back(mail, read, &format!("{value:?} {again}"));
            if let Some(shown) = shown.filter(|_| plain) {
                assert_eq!(squeezed(&shown), squeezed(value), "{} {again}", mail.text());
            }
        }
        check_commands(&bench, &mails);
        drawn += seeds.len();
        accepted += sent.len();
    }
    println!("{accepted} of {drawn} values were sent");
    assert!(drawn < 200 || accepted > 0, "no value was taken");
}

/// Reads a message by a parser that others wrote, and line by line besides.
#[track_caller]
fn read_back(mail: &SmtpMail, read: Read, whence: &str) -> Option<String> {
    check_raw(&mail.raw);
    let content = mail.content();
    let parsed = MessageParser::default().parse(&content[..]).unwrap();
    let mut names: Vec<&str> = parsed.headers().iter().map(|header| header.name()).collect();
    names.sort_unstable();
    assert_eq!(names, EXPECTED, "{whence}\n{}", mail.text());
    let text = mail.text();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let begun = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
    let mut begun: Vec<&str> = begun.map(|line| line.split(": ").next().unwrap()).collect();
    begun.sort_unstable();
    assert_eq!(begun, EXPECTED, "{whence}\n{text}");
    assert_eq!(body.trim_end(), "Hello.", "{whence}");
    for list in [parsed.to(), parsed.from(), parsed.reply_to()] {
        let addresses = list.map(|list| list.clone().into_list()).unwrap_or_default();
        assert_eq!(addresses.len(), 1, "{whence}\n{text}");
    }
    let shown = read(&parsed);
    let is_line = |text: &String| !text.contains(['\r', '\n']);
    assert!(shown.as_ref().is_none_or(is_line), "{whence}\n{text}");
    shown
}

fn name_of(address: Option<&Address<'_>>) -> Option<String> {
    address.and_then(Address::first).and_then(|only| only.name.as_deref()).map(str::to_owned)
}

/// Without white space: how much of it stands between words, headers do not tell.
fn squeezed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}
