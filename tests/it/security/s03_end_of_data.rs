//! S3, the end of the message: one message, whatever its text says and wherever it is cut.

use fastrand::Rng;
use mail_parser::MessageParser;
use puntual::task::Message;
use puntual::testing::SmtpMail;

use super::{again, bench, check_commands, check_raw, hostile, seeds, send, to_jane};

/// Bytes that a session writes at once.
const BLOCK: usize = 64 * 1024;

/// Bytes of a line of filling, with its end.
const LINE: usize = 17;

/// What looks like an end, in every way to write one, in 64 bytes.
const WINDOW: &str =
    "\n.\n..\n.\r\n\n.\rQUIT\r.\r\n.\nRSET\n\n.\n.a\n.\r\rMAIL FROM:<x@evil.example>\n.\n";

/// The edge of the first block falls on every byte of the window.
#[tokio::test]
async fn s03_a_text_ends_no_message_wherever_it_is_cut() {
    // A line of filling moves the window by 17 bytes, a letter of the last one by a byte.
    let mail = async |letters: usize| {
        let filling = "filling filling\n".repeat(letters / LINE);
        let text = format!("{filling}{}\n{WINDOW}after\n", "f".repeat(letters % LINE));
        let message = Message::text(text.as_str()).with_subject("Court");
        let bench = bench().await;
        send(&bench, &to_jane(message)).await.unwrap();
        let mails = bench.server.mails();
        check_commands(&bench, &mails);
        let [mail] = &mails[..] else { panic!("{} messages", mails.len()) };
        check_same(mail, &text, &format!("{letters} letters of filling"));
        let at = mail.raw.windows(9).position(|at| at == b"\r\n..\r\n...");
        at.expect("the window is there")
    };
    let bytes = WINDOW.len() * 2;
    let first = BLOCK - bytes - mail(0).await;
    for shift in 1..=bytes {
        assert_eq!(mail(first + shift).await, BLOCK - bytes + shift);
    }
}

#[tokio::test]
async fn s03_random_texts_arrive_as_they_are() {
    let test = "s03_random_texts_arrive_as_they_are";
    for seeds in seeds(1_000) {
        let bench = bench().await;
        let mut sent = Vec::new();
        for seed in &seeds {
            let mut rng = Rng::with_seed(*seed);
            let text: String = (0..rng.usize(1..8)).map(|_| hostile(&mut rng)).collect();
            let html = rng.bool().then(|| format!("<p>{text}</p>"));
            let message = Message::text(text.as_str()).with_subject("Court");
            let message = match &html {
                Some(html) => message.with_html(html),
                None => message,
            };
            // An empty text, or one with NUL, is none.
            if send(&bench, &to_jane(message)).await.is_ok() {
                sent.push((*seed, text));
            }
        }
        let mails = bench.server.mails();
        assert_eq!(mails.len(), sent.len(), "messages; {}", again(test, seeds[0]));
        for (mail, (seed, text)) in mails.iter().zip(&sent) {
            check_same(mail, text, &again(test, *seed));
        }
        check_commands(&bench, &mails);
    }
}

/// The text that arrived is the one that was sent, line by line.
#[track_caller]
fn check_same(mail: &SmtpMail, text: &str, whence: &str) {
    check_raw(&mail.raw);
    let content = mail.content();
    let parsed = MessageParser::default().parse(&content[..]).unwrap();
    let arrived = parsed.body_text(0).unwrap_or_default();
    let lines = |text: &str| {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        text.trim_end_matches('\n').to_owned()
    };
    assert!(lines(&arrived) == lines(text), "{text:?} {whence}\n{}", mail.text());
}
