//! Names that look like syntax: each arrives as it is, and names one recipient.

use puntual::notify::SmtpPhase;
use puntual::store::{TaskFilter, TaskStoreExt};
use puntual::task::{EmailAddress, Limits, Reason, Recipient, Rule, TaskState};
use puntual::testing::{SmtpScript, SmtpStep};
use puntual::{Reminder, Reminders};

use super::super::refused_for;
use super::Post;
use crate::scenarios::{Backend, Desk, booking, each_store, jane, reminder};

each_store!(
    any_name_arrives_as_it_is_and_names_one_recipient,
    a_list_in_one_field_is_refused,
    one_bad_address_fails_alone,
);

fn names() -> Vec<String> {
    let mut names: Vec<String> = [
        "Jane",
        "Doe, Jane",
        "Support (Billing)",
        "A \"B\" C",
        "a;b:",
        "x@y.example",
        "back\\slash",
        "ends with \\",
        "O'Neil",
        "<x@y.example>",
        "Jane <x@y.example>, z",
        "group: a, b;",
        ".",
        "J. R. R.",
        "=?utf-8?q?x?=",
        "=?utf-8?q?x?= Ünï",
        "a  b",
        "Ünï \"Q\" (c), <d>",
        "確認 🎾",
        "مرحبا",
        "e\u{301}",
        "Bcc: x",
    ]
    .map(str::to_owned)
    .into();
    names.extend(["🎾", "x", "=?", "\"", "ü ", "a,"].map(|text| {
        let name: String = text.repeat(Limits::NAME).chars().take(Limits::NAME).collect();
        name.trim_end().to_owned()
    }));
    names
}

async fn any_name_arrives_as_it_is_and_names_one_recipient(backend: impl Backend) {
    let post = Post::open(&backend, SmtpScript::new()).await;
    for (id, name) in names().into_iter().enumerate() {
        let to = Recipient::from(jane()).named(&*name);
        let ask = Reminder::new("k", &booking(u32::try_from(id).unwrap()), to)
            .text("See you.")
            .from(format!("\"{name}\" <desk@court.example>"))
            .reply_to(format!("\"{name}\" <office@court.example>"))
            .now();
        let arrived = post.sends(ask).await;
        let person = |address: &str| vec![(Some(name.clone()), address.to_owned())];
        let raw = &arrived.raw;
        assert_eq!(arrived.to, person("jane@example.com"), "{raw}");
        assert_eq!(arrived.from, person("desk@court.example"), "{raw}");
        assert_eq!(arrived.reply_to, person("office@court.example"), "{raw}");
        arrived.check();
    }
}

async fn a_list_in_one_field_is_refused(backend: impl Backend) {
    let desk = Desk::at(&backend, super::NOW);
    for list in [
        "a@x.example; b@y.example",
        "a@x.example,b@y.example",
        "a@x.example, b@y.example",
        "a@x.example b@y.example",
        "a@x.example\nb@y.example",
        "Team: a@x.example, b@y.example;",
        "<a@x.example>, <b@y.example>",
        "a@x.example, Desk <b@y.example>",
        "a@x.example@b@y.example",
    ] {
        let error = list.parse::<EmailAddress>().expect_err(list);
        assert_eq!((error.field(), error.rule()), ("address", Rule::Malformed), "{list}");
        for (field, ask) in [
            ("from", reminder("k").now().from(list)),
            ("reply_to", reminder("k").now().reply_to(list)),
        ] {
            refused_for(&desk, ask, field, Rule::Malformed).await;
        }
    }
}

async fn one_bad_address_fails_alone(backend: impl Backend) {
    let unknown = SmtpStep::reply("550 5.1.1 no such mailbox");
    let script = SmtpScript::new().for_recipient("no-one@example.com", unknown);
    let post = Post::open(&backend, script).await;
    let to = ["a", "b", "no-one", "d", "e"].map(|local| format!("{local}@example.com"));
    let asks = to.iter().map(|to| {
        let address: EmailAddress = to.parse().unwrap();
        Reminder::new("k", &booking(1), address).text("See you.").now()
    });
    post.scheduler.schedule_all(asks.collect()).await.unwrap();
    let report = post.scheduler.run_until_idle().await.unwrap();
    assert_eq!((report.claimed, report.sent, report.failed), (5, 4, 1), "{report:?}");
    let mut arrived: Vec<String> =
        post.server.mails().iter().flat_map(|mail| mail.recipients.clone()).collect();
    arrived.sort();
    let expected = ["a", "b", "d", "e"].map(|local| format!("RCPT TO:<{local}@example.com>"));
    assert_eq!(arrived, expected);
    post.server.reached(SmtpPhase::Recipient, 5).await;
    for task in post.store.all(TaskFilter::default()).await.unwrap() {
        let is_bad = task.person.as_str() == to[2];
        assert_eq!(task.state, if is_bad { TaskState::Failed } else { TaskState::Sent });
        let history = post.store.history_of(task.id).await.unwrap();
        let code = history.last().unwrap().entry.code.clone();
        assert_eq!(code.is_some_and(|code| code.as_str().contains("5.1.1")), is_bad);
        let reason = history.last().unwrap().entry.reason.clone();
        assert_ne!(reason, Some(Reason::ChannelDown), "the others are not held back");
    }
}
