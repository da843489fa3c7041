//! What arrives: one message, one recipient, the same text, whatever was in it.

use chrono::{DateTime, Utc};
use puntual::notify::{Notification, Notifier as _, NotifyErrorKind, Scope, SmtpPhase};
use puntual::task::{EmailAddress, Message, Recipient};
use puntual::testing::{self, SmtpMail, SmtpScript};

use super::Bench;

fn message(to: &str, message: Message) -> Notification {
    let to: EmailAddress = to.parse().unwrap();
    testing::notification(to, message)
}

/// The only message that arrived, sent by this notification.
async fn arrived(bench: &Bench, notification: &Notification) -> SmtpMail {
    let before = bench.server.mails().len();
    bench.notifier.notify(&bench.attempt(), notification).await.unwrap();
    let mails = bench.server.mails();
    assert_eq!(mails.len(), before + 1);
    mails[before].clone()
}

fn header<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let head = text.split("\r\n\r\n").next().unwrap();
    let prefix = format!("{name}: ");
    head.split("\r\n").filter_map(|line| line.strip_prefix(prefix.as_str())).collect()
}

#[tokio::test]
async fn a_message_has_the_headers_that_say_what_it_is() {
    let bench = Bench::with(SmtpScript::new(), |builder| {
        builder.list_unsubscribe("https://court.example/u?k=1")
    })
    .await;
    let mut notification =
        message("jane@example.com", Message::text("See you.").with_subject("Court 3 at 6 pm"));
    notification.recipient = notification.recipient.clone().named("Doe, Jane");
    notification.reply_to = Some("Büro <office@court.example>".to_owned());
    let task = testing::task_id("2026-07-10T13:00:00Z".parse().unwrap());
    let attempt = testing::attempt().clock(&bench.clock).task(task).generation(3).build();
    bench.notifier.notify(&attempt, &notification).await.unwrap();
    let mail = &bench.server.mails()[0];
    let text = mail.text();
    for (name, value) in [
        ("From", "\"Court Club\" <desk@court.example>".to_owned()),
        ("To", "=?utf-8?q?Doe=2C_Jane?=".to_owned()),
        ("Reply-To", "=?utf-8?q?B=C3=BCro?=".to_owned()),
        ("Subject", "Court 3 at 6 pm".to_owned()),
        ("Message-ID", format!("<{task}.3@court.example>")),
        ("Auto-Submitted", "auto-generated".to_owned()),
        ("List-Unsubscribe", "<https://court.example/u?k=1>".to_owned()),
        ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()),
        ("MIME-Version", "1.0".to_owned()),
        ("Date", "Fri, 10 Jul 2026 13:00:00 +0000".to_owned()),
    ] {
        assert_eq!(header(&text, name), [value], "{name} in {text}");
    }
    assert_eq!(mail.mail, "MAIL FROM:<desk@court.example>");
    assert_eq!(mail.recipients, ["RCPT TO:<jane@example.com>"]);
}

#[tokio::test]
async fn the_same_message_has_the_same_bytes_at_each_attempt() {
    let bench = Bench::plain(SmtpScript::new()).await;
    let text = Message::text("See you.").with_subject("Court").with_html("<p>See you.</p>");
    let notification = message("jane@example.com", text);
    let task = testing::task_id("2026-07-10T13:00:00Z".parse().unwrap());
    let mut seen = Vec::new();
    for number in [1, 2] {
        let attempt = testing::attempt().clock(&bench.clock).task(task).number(number).build();
        bench.notifier.notify(&attempt, &notification).await.unwrap();
        seen.push(bench.server.mails().pop().unwrap().raw);
    }
    assert_eq!(seen[0], seen[1]);
    let text = String::from_utf8(seen[0].clone()).unwrap();
    let boundary = format!("--=_{task}.1");
    assert_eq!(text.matches(&boundary).count(), 3, "{text}");
    let (plain, html) = (text.find("text/plain").unwrap(), text.find("text/html").unwrap());
    assert!(plain < html, "the best form comes last");
}

/// S3: lines that begin with a dot, and every way to end a line, change no message and end none.
#[tokio::test]
async fn texts_arrive_as_they_are_and_end_no_message() {
    let bench = Bench::plain(SmtpScript::new()).await;
    for text in [
        ".",
        "..",
        ".css {}",
        "a\r\n.\r\nMAIL FROM:<x@evil.example>\r\nRCPT TO:<y@evil.example>\r\nDATA",
        "a\n.\nb",
        "a\r.\rb",
        "a\r\n.\rb\n.\n",
        ".\r\n.\r\n.",
        "\r\n\r\n.\r\n",
        "ends with CR\r",
        "a\n.\r\nQUIT\r\n",
    ] {
        let mail = arrived(&bench, &message("jane@example.com", Message::text(text))).await;
        let content = mail.text();
        let (_, body) = content.split_once("\r\n\r\n").unwrap();
        let lines = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n");
        let sent = lines(text);
        assert_eq!(lines(body).trim_end_matches('\n'), sent.trim_end_matches('\n'), "{text:?}");
        let raw = &mail.raw;
        let bare = raw.windows(2).any(|pair| (pair[0] == b'\r') != (pair[1] == b'\n'));
        assert!(!bare, "a bare CR or LF in {:?}", String::from_utf8_lossy(raw));
        assert_eq!(mail.recipients, ["RCPT TO:<jane@example.com>"]);
    }
    assert_eq!(bench.server.conversations().len(), 1);
    let commands = &bench.server.conversations()[0].commands;
    assert!(!commands.iter().any(|line| line.contains("evil") || line == "QUIT"), "{commands:?}");
}

/// The dot that ends, or does not end, falls on every place of the blocks in which it is written.
#[tokio::test]
async fn dots_are_doubled_on_every_edge_of_a_block() {
    let bench = Bench::plain(SmtpScript::new()).await;
    // Headers and encodings shift the edge at 64 KiB; 16 lengths of a line of 16 find it.
    for shift in 0..16 {
        let text = format!("{}\n{}", "x".repeat(shift), ".2345678901234\n".repeat(9_000));
        let mail = arrived(&bench, &message("jane@example.com", Message::text(&*text))).await;
        let content = mail.text();
        let (_, body) = content.split_once("\r\n\r\n").unwrap();
        // lettre ends a part with a line end of its own.
        assert!(body.replace("\r\n", "\n") == format!("{text}\n"), "shifted by {shift}");
    }
}

#[tokio::test]
async fn any_unicode_arrives_encoded() {
    let bench = Bench::plain(SmtpScript::new()).await;
    let subject = "Bestätigung — 確認 🎾 ".repeat(10);
    let text = Message::text("Größe 🎾\n".repeat(200)).with_subject(subject.trim_end());
    let mut notification = message("jane@example.com", text);
    notification.recipient = notification.recipient.clone().named("Ünï 🎾 \"A\" B\\C");
    let mail = arrived(&bench, &notification).await;
    assert!(mail.raw.is_ascii());
    for line in mail.raw.split(|byte| *byte == b'\n') {
        assert!(line.len() <= 999, "{} bytes", line.len());
    }
    assert_eq!(mail.mail, "MAIL FROM:<desk@court.example>", "nothing more is needed");
}

#[tokio::test]
async fn a_domain_goes_out_in_a_labels_and_a_local_part_needs_smtputf8() {
    let idn = "jane@münchen.example";
    let utf8 = "用户@例え.jp";
    let bench = Bench::plain(SmtpScript::new()).await;
    let mail = arrived(&bench, &message(idn, "Hello.".into())).await;
    assert_eq!(mail.recipients, ["RCPT TO:<jane@xn--mnchen-3ya.example>"]);
    assert_eq!(header(&mail.text(), "To"), ["jane@xn--mnchen-3ya.example"]);

    let attempt = bench.attempt();
    let error = bench.notifier.notify(&attempt, &message(utf8, "Hello.".into())).await.unwrap_err();
    assert_eq!((error.kind(), error.scope()), (NotifyErrorKind::Permanent, Scope::Message));
    assert!(error.detail().as_str().contains("SMTPUTF8"), "{error}");
    bench.send("john@example.com").await.unwrap();
    assert_eq!(bench.server.conversations().len(), 1, "nothing was said, nothing is in doubt");

    let bench = Bench::plain(SmtpScript::new().offers(["8BITMIME", "SMTPUTF8"])).await;
    let mail = arrived(&bench, &message(utf8, "Hello.".into())).await;
    assert_eq!(mail.mail, "MAIL FROM:<desk@court.example> SMTPUTF8 BODY=8BITMIME");
    assert_eq!(mail.recipients, ["RCPT TO:<用户@xn--r8jz45g.jp>"]);
}

#[tokio::test]
async fn the_remaining_life_is_handed_on_where_the_server_takes_it() {
    for (offer, expires_at, expected) in [
        ("DELIVERBY", "2026-07-10T14:00:00Z", " BY=3600;R"),
        ("DELIVERBY 3600", "2026-07-10T14:00:00Z", " BY=3600;R"),
        ("DELIVERBY 3601", "2026-07-10T14:00:00Z", ""),
        ("DELIVERBY", "2026-07-10T13:00:00.9Z", ""),
        ("8BITMIME", "2026-07-10T14:00:00Z", ""),
    ] {
        let bench = Bench::plain(SmtpScript::new().offers([offer])).await;
        let expires_at: DateTime<Utc> = expires_at.parse().unwrap();
        let attempt = testing::attempt().clock(&bench.clock).expires_at(expires_at).build();
        let notification = message("jane@example.com", "Hello.".into());
        bench.notifier.notify(&attempt, &notification).await.unwrap();
        let expected = format!("MAIL FROM:<desk@court.example>{expected}");
        assert_eq!(bench.server.mails()[0].mail, expected, "{offer}");
    }
}

#[tokio::test]
async fn a_sender_of_its_own_goes_into_envelope_and_header() {
    let bench = Bench::plain(SmtpScript::new()).await;
    let mut notification = message("jane@example.com", "Hello.".into());
    notification.from = Some("Court 7 <seven@court7.example>".to_owned());
    let mail = arrived(&bench, &notification).await;
    assert_eq!(mail.mail, "MAIL FROM:<seven@court7.example>");
    assert_eq!(header(&mail.text(), "From"), ["\"Court 7\" <seven@court7.example>"]);
    assert!(header(&mail.text(), "Message-ID")[0].ends_with("@court7.example>"));
}

/// Nothing that a person may have typed is ever sent raw, and a refusal touches no connection.
#[tokio::test]
async fn what_could_break_out_of_a_line_is_refused_before_anything_is_sent() {
    let bench = Bench::plain(SmtpScript::new()).await;
    let plain = || message("jane@example.com", "Hello.".into());
    let named = |name: &str| {
        let mut notification = plain();
        notification.recipient = notification.recipient.clone().named(name);
        notification
    };
    let mut cases = Vec::new();
    for bad in ["\r\n", "\n", "\r", "\u{85}", "\u{b}", "\u{c}", "\u{2028}", "\u{2029}", "\0"] {
        cases.push(named(&format!("Jane{bad}Bcc: x@evil.example")));
        let subject = format!("Court{bad}Bcc: x@evil.example");
        cases.push(message("jane@example.com", Message::text("Hello.").with_subject(subject)));
        for field in 0..2 {
            let mut notification = plain();
            let value = Some(format!("Desk{bad}Bcc: y <desk@court.example>"));
            match field {
                0 => notification.from = value,
                _ => notification.reply_to = value,
            }
            cases.push(notification);
        }
    }
    let mut phone = plain();
    phone.recipient =
        Recipient::from("+4915112345678".parse::<puntual::task::PhoneNumber>().unwrap());
    cases.push(phone);
    for notification in cases {
        let attempt = bench.attempt();
        let error = bench.notifier.notify(&attempt, &notification).await.unwrap_err();
        assert_eq!((error.kind(), attempt.hand_offs()), (NotifyErrorKind::Permanent, 0), "{error}");
    }
    assert!(bench.server.conversations().is_empty());
    bench.send("jane@example.com").await.unwrap();
    bench.server.reached(SmtpPhase::End, 1).await;
}
