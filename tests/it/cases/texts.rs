//! Texts that no column takes and no cut survives: they are escaped and cut at a character, and
//! the outcome that carries them is stored.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use puntual::notify::{
    Attempt, Evidence, Notification, Notifier, NotifyError, NotifyErrorKind, OnUncertain, Receipt,
};
use puntual::scheduler::GuardAnswer;
use puntual::store::TaskStoreExt;
use puntual::task::{
    Channel, Limits, Message, Recipient, Rule, SafeText, Subject, Task, TaskData, TaskState, What,
};
use puntual::{Reminder, Reminders};
use serde_json::json;

use super::refused_for;
use crate::scenarios::{Backend, Desk, MINUTE, booking, each_store, engine, jane, reminder};

each_store!(
    whatever_a_notifier_says_its_outcome_is_stored_escaped_and_cut,
    whatever_a_hook_says_its_outcome_is_stored_escaped_and_cut,
    a_nul_in_what_a_host_asks_is_refused_by_its_field,
    data_that_no_store_can_keep_is_refused,
);

const NOW: &str = "2026-07-01T00:00:00Z";

/// What a provider said, and what is kept of it.
fn texts() -> Vec<(String, String)> {
    let limit = Limits::ERROR_TEXT;
    let a = |count| "a".repeat(count);
    vec![
        ("bad\0gateway".to_owned(), r"bad\u{0}gateway".to_owned()),
        ("\0".repeat(2_000), format!("{}…", r"\u{0}".repeat(99))),
        (format!("{}🦀", a(limit - 1)), format!("{}🦀", a(limit - 1))),
        (format!("{}🦀", a(limit)), format!("{}…", a(limit - 1))),
        ("🦀".repeat(limit + 1), format!("{}…", "🦀".repeat(limit - 1))),
        (r#"{"detail":"\u0000 \ud800"}"#.to_owned(), r#"{"detail":"\u0000 \ud800"}"#.to_owned()),
        ("a\u{202e}b\r\n\u{1b}[31m".to_owned(), r"a\u{202e}b\r\n\u{1b}[31m".to_owned()),
        (
            r#"'; drop table tasks; -- "مرحبا""#.to_owned(),
            r#"'; drop table tasks; -- "مرحبا""#.into(),
        ),
        (String::new(), String::new()),
    ]
}

/// How a notifier ends, with the text in every place that takes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Fails(NotifyErrorKind),
    Panics,
    Accepts,
}

/// Ends each attempt as the data of its message says.
#[derive(Debug)]
struct Says;

#[async_trait]
impl Notifier for Says {
    fn channel(&self) -> Channel {
        Channel::EMAIL
    }

    fn on_uncertain(&self) -> OnUncertain {
        OnUncertain::Hold
    }

    fn concurrency(&self) -> usize {
        100
    }

    async fn notify(
        &self,
        attempt: &Attempt,
        notification: &Notification,
    ) -> Result<Receipt, NotifyError> {
        let (end, text) = told(&notification.subject);
        let handed_off = attempt.hand_off().await?;
        match end {
            End::Fails(kind) => Err(NotifyError::new(kind, text.as_str(), text.as_str())),
            End::Panics => std::panic::panic_any(text),
            End::Accepts => {
                Ok(handed_off.accepted(Evidence::new(text.as_str()).with_provider_id(text)))
            }
        }
    }
}

const ENDS: [End; 6] = [
    End::Fails(NotifyErrorKind::Transient),
    End::Fails(NotifyErrorKind::Permanent),
    End::Fails(NotifyErrorKind::Uncertain),
    End::Fails(NotifyErrorKind::ChannelDown),
    End::Panics,
    End::Accepts,
];

/// The subject says which end and which text.
fn tells(end: usize, text: usize) -> Subject {
    Subject::new("says", format!("{end}/{text}"))
}

fn told(subject: &Subject) -> (End, String) {
    let (end, text) = subject.id().split_once('/').unwrap();
    (ENDS[end.parse::<usize>().unwrap()], texts()[text.parse::<usize>().unwrap()].0.clone())
}

async fn whatever_a_notifier_says_its_outcome_is_stored_escaped_and_cut(backend: impl Backend) {
    let desk = Desk::at(&backend, NOW);
    // Failures of the channel last, and a breaker that never opens: all are attempted.
    let breaker = puntual::policy::BreakerPolicy::new(1_000, MINUTE, MINUTE).unwrap();
    let scheduler =
        engine(&desk.store, &desk.clock, 2).notifier(Says).breaker(breaker).build().unwrap();
    let all: Vec<(usize, usize)> =
        (0..ENDS.len()).flat_map(|end| (0..texts().len()).map(move |text| (end, text))).collect();
    let ask = |(end, text): &(usize, usize)| {
        let one = Reminder::new("says", &tells(*end, *text), jane());
        one.person(format!("user {end}/{text}")).text("..").now()
    };
    let outcomes = scheduler.schedule_all(all.iter().map(ask).collect()).await.unwrap();
    let report = scheduler.process_due(500).await.unwrap();
    assert_eq!(report.claimed as usize, all.len(), "in one round, and in groups: {report:?}");

    for ((end, text), outcome) in all.iter().zip(outcomes) {
        let (task, kept) = (desk.task(outcome.id).await, texts()[*text].1.clone());
        let place = format!("{:?}, text {text}", ENDS[*end]);
        let history = desk.store.history_of(outcome.id).await.unwrap();
        let entry = &history[1].entry;
        assert_eq!(history.len(), 2, "{place}");
        assert_eq!((task.lease, task.unfinished_claims), (None, 0), "{place}");
        let (what, state) = match ENDS[*end] {
            End::Fails(NotifyErrorKind::Transient) => (What::Retried, TaskState::Scheduled),
            End::Fails(NotifyErrorKind::ChannelDown) => (What::Deferred, TaskState::Scheduled),
            End::Fails(NotifyErrorKind::Permanent) => (What::Failed, TaskState::Failed),
            End::Fails(_) | End::Panics => (What::Uncertain, TaskState::Held),
            End::Accepts => (What::Sent, TaskState::Sent),
        };
        assert_eq!((entry.what, task.state), (what, state), "{place}");
        assert_eq!(entry.detail, Some(kept.as_str().into()), "{place}");
        match ENDS[*end] {
            End::Accepts => assert_eq!(entry.provider_id, Some(kept.as_str().into()), "{place}"),
            End::Fails(_) => {
                assert_eq!(entry.code, Some(kept.as_str().into()), "{place}");
                let last = SafeText::new(format!("{kept}: {kept}"));
                assert_eq!(task.last_error, Some(last), "{place}");
            }
            End::Panics => {
                let last = SafeText::new(format!("panic: {kept}"));
                assert_eq!(task.last_error, Some(last), "{place}");
            }
        }
        scheduler.explain(outcome.id).await.unwrap().unwrap();
    }
}

async fn whatever_a_hook_says_its_outcome_is_stored_escaped_and_cut(backend: impl Backend) {
    let guard = |task: Arc<Task>| async move {
        let text = texts()[task.subject.id().parse::<usize>().unwrap()].0.clone();
        match task.kind.as_str() {
            "skips" => Ok(GuardAnswer::Skip(text.into())),
            "panics" => std::panic::panic_any(text),
            _ => Err(std::io::Error::other(text)),
        }
    };
    let heard: Arc<Mutex<usize>> = Arc::default();
    let ear = heard.clone();
    let desk = Desk::with(&backend, NOW, |builder| {
        builder.guard(guard).on_outcome(move |_: &puntual::scheduler::Outcome| {
            *ear.lock().unwrap() += 1;
        })
    });
    for kind in ["skips", "panics", "fails"] {
        for (text, (_, kept)) in texts().iter().enumerate() {
            let ask = Reminder::new(kind, &Subject::new("says", text), jane()).text("..").now();
            let (_, id) = desk.schedule(ask).await;
            assert_eq!(desk.scheduler.process_due(1).await.unwrap().claimed, 1, "{kind} {text}");
            let history = desk.store.history_of(id).await.unwrap();
            // A guard that skips without words leaves none.
            let kept = (kind != "skips" || !kept.is_empty()).then(|| kept.as_str().into());
            assert_eq!(history[1].entry.detail, kept, "{kind} {text}");
        }
    }
    assert_eq!(*heard.lock().unwrap(), 3 * texts().len());
}

async fn a_nul_in_what_a_host_asks_is_refused_by_its_field(backend: impl Backend) {
    let desk = Desk::at(&backend, NOW);
    let (pager, nul) = (Channel::new("pager").unwrap(), "a\0b");
    let to = |to: Recipient| Reminder::new("refused", &booking(1), to).text("..").now();
    let says = |message: Message| Reminder::new("refused", &booking(1), jane()).text(message).now();
    let rows = [
        ("kind", Reminder::new(nul, &booking(1), jane()).text("..").now()),
        ("subject kind", Reminder::new("k", &Subject::new(nul, 1), jane()).text("..").now()),
        ("subject id", Reminder::new("k", &Subject::new("booking", nul), jane()).text("..").now()),
        ("person", reminder("k").person(nul).now()),
        ("name", to(Recipient::from(jane()).named(nul))),
        ("name", to(Recipient::from(jane()).named("\0"))),
        ("locale", to(Recipient::from(jane()).locale(nul))),
        ("address", to(Recipient::custom(pager.clone(), nul))),
        ("address", to(Recipient::reference(pager, nul))),
        ("name", reminder("k").now().fallback(Recipient::from(jane()).named(nul))),
        ("text", says(Message::text(nul))),
        ("html", says(Message::text("..").with_html(nul))),
        ("subject line", says(Message::text("..").with_subject(nul))),
        ("template", Reminder::new("k", &booking(1), jane()).template(nul).now()),
        ("data", reminder("k").now().data(&json!({ "name": nul }))),
        ("data", reminder("k").now().data(&json!({ nul: 1 }))),
        ("data", reminder("k").now().data(&json!([[{ "deep": [nul] }]]))),
        ("from", reminder("k").now().from(nul)),
        ("reply_to", reminder("k").now().reply_to(nul)),
    ];
    for (field, ask) in rows {
        let error = refused_for(&desk, ask, field, Rule::NoNul).await;
        assert!(!error.contains('\0'), "{error:?}");
    }
    assert!("a\0b@example.com".parse::<puntual::task::EmailAddress>().is_err());
    assert!("+4915112345678\0".parse::<puntual::task::PhoneNumber>().is_err());
    assert!("https://example.com/\0".parse::<puntual::task::WebhookUrl>().is_err());
}

async fn data_that_no_store_can_keep_is_refused(backend: impl Backend) {
    for (json, rule) in [
        (r#"{"detail":"\u0000"}"#, Rule::NoNul),
        (r#"{"\u0000":1}"#, Rule::NoNul),
        (r#"{"detail":"\ud800"}"#, Rule::Malformed),
        (r#"{"detail":"\udc00\ud800"}"#, Rule::Malformed),
    ] {
        let refused = TaskData::parse(json.to_owned()).unwrap_err();
        assert_eq!((refused.field(), refused.rule()), ("data", rule), "{json}");
    }
    // What is kept comes back byte for byte, escapes and pairs of surrogates included.
    let desk = Desk::at(&backend, NOW);
    let data = json!({ "crab": "🦀", "quote": "\"\\", "arabic": "مرحبا", "line": "\u{2028}\n" });
    desk.schedule(reminder("kept").now().data(&data)).await;
    assert_eq!(desk.scheduler.run_until_idle().await.unwrap().sent, 1);
    let sent = &desk.mailbox.sent()[0].notification;
    assert_eq!(sent.data, TaskData::new(&data).unwrap());
    assert_eq!(sent.data.to_value(), data);
}
