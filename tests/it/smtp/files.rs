//! Files that go with a message: each arrives byte for byte beside the words.

use mail_parser::{MessageParser, MimeHeaders as _};
use puntual::notify::{Notification, Notifier as _, NotifyErrorKind, Scope};
use puntual::task::{Attachment, EmailAddress, Limits, Message};
use puntual::testing::{self, SmtpScript};

use super::Bench;

fn with(message: Message, files: Vec<Attachment>) -> Notification {
    let jane: EmailAddress = "jane@example.com".parse().unwrap();
    let mut notification = testing::notification(jane, message);
    notification.attachments = files;
    notification
}

fn files() -> Vec<Attachment> {
    let dots = ".\r\n..\r\n.\r\nQUIT\r\n\n\r--=_m\r\n";
    vec![
        Attachment::new("booking.ics", "text/calendar; charset=utf-8; method=PUBLISH", dots),
        Attachment::new("Größe, \"3\" 🎾.pdf", "application/pdf", (0..=255).collect::<Vec<u8>>()),
        Attachment::new(format!("{}.txt", "long ".repeat(30)), "text/plain", "x".repeat(5_000)),
        Attachment::new("empty", "application/octet-stream", ""),
    ]
}

#[tokio::test]
async fn files_arrive_byte_for_byte_beside_the_words() {
    let bench = Bench::plain(SmtpScript::new()).await;
    let plain = Message::text("See you.\n").with_subject("Court");
    for (at, message) in [plain.clone(), plain.with_html("<p>See you.</p>")].into_iter().enumerate()
    {
        let notification = with(message.clone(), files());
        let attempt = bench.attempt();
        bench.notifier.notify(&attempt, &notification).await.unwrap();
        let mail = &bench.server.mails()[at];
        assert!(mail.raw.is_ascii());
        assert!(mail.raw.split(|byte| *byte == b'\n').all(|line| line.len() <= 999));
        let content = mail.content();
        let parsed = MessageParser::default().parse(&content).unwrap();
        let root = parsed.content_type().unwrap();
        assert_eq!((root.ctype(), root.subtype()), ("multipart", Some("mixed")));
        assert_eq!(parsed.body_text(0).unwrap().trim_end(), "See you.");
        let html = parsed.body_html(0).unwrap();
        assert_eq!(html.contains("<p>See you.</p>"), message.html.is_some(), "{html}");
        assert_eq!(parsed.attachment_count(), files().len());
        for (part, file) in parsed.attachments().zip(files()) {
            assert_eq!(part.contents(), file.content(), "{}", file.name());
            assert_eq!(part.attachment_name(), Some(file.name()));
            let media_type = part.content_type().unwrap();
            let name = format!("{}/{}", media_type.ctype(), media_type.subtype().unwrap());
            assert!(file.media_type().starts_with(&name), "{name}");
        }
        let method = parsed.attachment(0).unwrap().content_type().unwrap();
        assert_eq!(method.attribute("method"), Some("PUBLISH"));
    }
}

/// Two forms of the same stay two forms of the same, and neither boundary begins with the other.
#[tokio::test]
async fn the_words_are_the_first_part_of_a_message_with_files() {
    let bench = Bench::plain(SmtpScript::new()).await;
    let message = Message::text("See you.").with_html("<p>See you.</p>");
    let attempt = bench.attempt();
    bench.notifier.notify(&attempt, &with(message, files())).await.unwrap();
    let text = bench.server.mails()[0].text();
    let places =
        ["multipart/mixed", "multipart/alternative", "text/plain", "text/html", "calendar"];
    let places = places.map(|word| text.find(word).unwrap_or_else(|| panic!("{word}: {text}")));
    assert!(places.is_sorted(), "{places:?} in {text}");
    let boundaries: Vec<&str> =
        text.split("boundary=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(boundaries.len(), 2, "{text}");
    assert!(!boundaries[0].starts_with(boundaries[1]) && !boundaries[1].starts_with(boundaries[0]));
}

#[tokio::test]
async fn files_that_no_message_may_carry_are_refused_before_anything_is_sent() {
    let bench = Bench::plain(SmtpScript::new()).await;
    let of = |bytes| Attachment::new("a", "text/plain", vec![b'x'; bytes]);
    let named = |name: &str| vec![Attachment::new(name, "text/plain", "x")];
    for (files, field) in [
        (vec![of(Limits::ATTACHMENT_BYTES + 1)], "attachments"),
        (vec![of(Limits::ATTACHMENT_BYTES), of(1)], "attachments"),
        (vec![of(0); Limits::ATTACHMENTS + 1], "attachments"),
        (named("a\r\nBcc: x@evil.example"), "attachment name"),
        (named("../a"), "attachment name"),
        (vec![Attachment::new("a", "text/plain\r\nBcc: x", "x")], "attachment media type"),
    ] {
        let attempt = bench.attempt();
        let notification = with("See you.".into(), files);
        let error = bench.notifier.notify(&attempt, &notification).await.unwrap_err();
        let kind = (error.kind(), error.scope(), attempt.hand_offs());
        assert_eq!(kind, (NotifyErrorKind::Permanent, Scope::Message, 0), "{error}");
        assert!(error.detail().as_str().starts_with(field), "{error}");
    }
    assert!(bench.server.conversations().is_empty());
}
