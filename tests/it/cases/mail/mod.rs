//! Mails that other programs garbled: scheduled, sent to a scripted server, and read back by a
//! parser that is not ours.

mod dots;
mod lines;
mod names;

use std::sync::Arc;

use mail_parser::{Addr, MessageParser, MessagePart, MimeHeaders as _};
use puntual::notify::{SmtpNotifier, SmtpTls};
use puntual::store::TaskStore;
use puntual::task::Channel;
use puntual::testing::{ScriptedSmtp, SmtpMail, SmtpScript, VirtualClock};
use puntual::{Reminder, Reminders, Scheduler};

use crate::scenarios::{Backend, engine};

const NOW: &str = "2026-07-10T13:00:00Z";

/// An engine whose e-mail goes to a scripted server.
struct Post {
    server: ScriptedSmtp,
    store: Arc<dyn TaskStore>,
    scheduler: Scheduler,
}

impl Post {
    async fn open(backend: &impl Backend, script: SmtpScript) -> Post {
        let server = ScriptedSmtp::start(script).await.unwrap();
        let clock = VirtualClock::at(NOW);
        let smtp = SmtpNotifier::builder("127.0.0.1", "Court Club <desk@court.example>")
            .port(server.port())
            .tls(SmtpTls::None)
            .clock(clock.clone())
            .list_unsubscribe("https://court.example/unsubscribe?k=1")
            .build()
            .unwrap();
        let store = backend.store();
        // One person gets more than a person should in an hour.
        let engine = engine(&store, &clock, 1).rate_per_person(Channel::EMAIL, None);
        let scheduler = engine.notifier(smtp).build().unwrap();
        Post { server, store, scheduler }
    }

    /// Schedules and sends one reminder to Jane: the one message that arrives.
    async fn sends(&self, ask: Reminder) -> Arrived {
        let before = self.server.mails().len();
        self.scheduler.schedule(ask).await.unwrap();
        let report = self.scheduler.run_until_idle().await.unwrap();
        assert_eq!((report.claimed, report.sent), (1, 1), "{report:?}");
        let mails = self.server.mails();
        assert_eq!(mails.len(), before + 1, "one message");
        let mail = &mails[before];
        assert_eq!(mail.recipients, ["RCPT TO:<jane@example.com>"], "one recipient");
        Arrived::read(mail)
    }
}

/// A message as the parser reads it.
struct Arrived {
    subject: Option<String>,
    from: Vec<Person>,
    to: Vec<Person>,
    reply_to: Vec<Person>,
    text: String,
    html: Option<String>,
    /// Name, media type and text of each file.
    files: Vec<(String, String, String)>,
    /// The names of all header fields, in order.
    fields: Vec<String>,
    raw: String,
}

/// An attachment as its part tells it; the parser puts no parameter in order.
fn file(part: &MessagePart<'_>) -> (String, String, String) {
    let media_type = part.content_type().unwrap();
    let mut words = format!("{}/{}", media_type.ctype(), media_type.subtype().unwrap());
    for parameter in media_type.attributes().unwrap_or_default() {
        words.push_str(&format!("; {}={}", parameter.name, parameter.value));
    }
    assert!(part.content_disposition().unwrap().is_attachment());
    let text = String::from_utf8(part.contents().to_vec()).unwrap();
    (part.attachment_name().unwrap().to_owned(), words, text)
}

/// A name, and an address.
type Person = (Option<String>, String);

impl Arrived {
    fn read(mail: &SmtpMail) -> Arrived {
        let content = mail.content();
        let message = MessageParser::default().parse(&content).unwrap();
        let people = |header: Option<&mail_parser::Address<'_>>| {
            let person = |addr: &Addr<'_>| {
                let address = addr.address.as_deref().unwrap_or_default().to_owned();
                (addr.name.as_deref().map(str::to_owned), address)
            };
            header.into_iter().flat_map(|header| header.iter()).map(person).collect()
        };
        let unix = |text: &str| text.replace("\r\n", "\n").trim_end_matches('\n').to_owned();
        let has_html = message.html_bodies().any(|part| part.is_text_html());
        Arrived {
            subject: message.subject().map(str::to_owned),
            from: people(message.from()),
            to: people(message.to()),
            reply_to: people(message.reply_to()),
            text: unix(&message.body_text(0).unwrap()),
            html: has_html.then(|| unix(&message.body_html(0).unwrap())),
            files: message.attachments().map(file).collect(),
            fields: message.headers_raw().map(|(name, _)| name.to_owned()).collect(),
            raw: String::from_utf8(mail.raw.clone()).unwrap(),
        }
    }

    /// What every message holds, whatever was in it: these fields and no others, lines that end
    /// with CRLF and nothing else and are no longer than servers take, encoded-words of at most
    /// 75 characters, and headers that fit on a screen.
    fn check(&self) {
        let mut expected: Vec<&str> = [
            Some("From"),
            Some("To"),
            Some("Date"),
            Some("Message-ID"),
            Some("Auto-Submitted"),
            (!self.reply_to.is_empty()).then_some("Reply-To"),
            Some("List-Unsubscribe"),
            Some("List-Unsubscribe-Post"),
            self.subject.is_some().then_some("Subject"),
            Some("MIME-Version"),
        ]
        .into_iter()
        .flatten()
        .collect();
        let ours = |name: &&String| !name.starts_with("Content-");
        let mut fields: Vec<&str> = self.fields.iter().filter(ours).map(String::as_str).collect();
        fields.sort_unstable();
        expected.sort_unstable();
        assert_eq!(fields, expected, "{}", self.raw);
        assert!(self.raw.contains("\r\nAuto-Submitted: auto-generated\r\n"), "{}", self.raw);
        let unsubscribe = "\r\nList-Unsubscribe: <https://court.example/unsubscribe?k=1>\r\n\
                           List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n";
        assert!(self.raw.contains(unsubscribe), "{}", self.raw);
        assert_eq!(self.raw.matches('\r').count(), self.raw.matches("\r\n").count());
        assert_eq!(self.raw.matches('\n').count(), self.raw.matches("\r\n").count());
        let (head, _) = self.raw.split_once("\r\n\r\n").unwrap();
        for line in head.split("\r\n") {
            assert!(line.len() <= 78 || !line.contains("=?"), "{} bytes: {line}", line.len());
            for word in line.split_whitespace().filter(|word| word.starts_with("=?")) {
                assert!(word.len() <= 75, "{} bytes: {word}", word.len());
            }
        }
        assert!(self.raw.split("\r\n").all(|line| line.len() <= 998), "{}", self.raw);
        assert!(self.raw.is_ascii(), "{}", self.raw);
    }
}
