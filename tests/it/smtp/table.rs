//! Every row of the table, from the reply of a server to the error of the notifier.

use std::time::Duration;

use puntual::notify::NotifyErrorKind::{self, ChannelDown, Permanent, Transient};
use puntual::notify::Scope;
use puntual::notify::SmtpPhase::{self, Auth, Data, End, Greeting, Hello, Mail, Recipient};
use puntual::testing::{SmtpScript, SmtpStep};

use super::{Bench, one_by_one_and_at_once};

type Line = (SmtpPhase, &'static str, NotifyErrorKind, Scope, Option<u64>);

#[rustfmt::skip]
const LINES: &[Line] = &[
    (Greeting, "421 4.3.2 try again in 10 minutes", ChannelDown, Scope::Channel, Some(600)),
    (Greeting, "554 5.7.1 your address is listed", ChannelDown, Scope::Channel, None),
    (Hello, "550 5.7.1 bad name", ChannelDown, Scope::Channel, None),
    (Hello, "451 later", ChannelDown, Scope::Channel, None),
    (Auth, "535 5.7.8 wrong password", ChannelDown, Scope::Channel, None),
    (Auth, "534 5.7.9 too weak", ChannelDown, Scope::Channel, None),
    (Auth, "530 5.7.0 TLS first", ChannelDown, Scope::Channel, None),
    (Auth, "454 4.7.0 not now", ChannelDown, Scope::Channel, None),
    (Mail, "550 5.1.8 no such sender", ChannelDown, Scope::Sender, None),
    (Mail, "553 5.7.1 not your address", ChannelDown, Scope::Sender, None),
    (Mail, "451 4.3.0 later", ChannelDown, Scope::Channel, None),
    (Mail, "421 4.7.0 too many, wait 90 seconds", ChannelDown, Scope::Channel, Some(90)),
    (Recipient, "421 4.3.2 stopping", ChannelDown, Scope::Channel, Some(60)),
    (Recipient, "450 4.7.0 too fast", ChannelDown, Scope::Channel, Some(60)),
    (Data, "432 too fast", ChannelDown, Scope::Channel, Some(60)),
    (End, "452 4.3.2 stopping", ChannelDown, Scope::Channel, Some(60)),
    (Recipient, "550 5.1.1 no such user", Permanent, Scope::Recipient, None),
    (Recipient, "550-5.1.1 no\r\n550 5.1.1 such user", Permanent, Scope::Recipient, None),
    (Recipient, "553 5.1.3 bad address", Permanent, Scope::Recipient, None),
    (Recipient, "551 5.1.6 moved", Permanent, Scope::Recipient, None),
    (Recipient, "550 5.1.2 no such domain", Permanent, Scope::Recipient, None),
    (Recipient, "550 5.1.10 null MX", Permanent, Scope::Recipient, None),
    (Recipient, "550 5.2.1 disabled", Permanent, Scope::Message, None),
    (Recipient, "552 5.2.2 full", Permanent, Scope::Message, None),
    (Recipient, "552 full", Permanent, Scope::Message, None),
    (Recipient, "554 5.7.1 refused by policy", Permanent, Scope::Message, None),
    (Recipient, "450 4.7.1 greylisted", Transient, Scope::Recipient, Some(300)),
    (Recipient, "451 4.2.0 come back in 00:20:00", Transient, Scope::Recipient, Some(1_200)),
    (Recipient, "452 4.2.2 full", Transient, Scope::Recipient, Some(300)),
    (Recipient, "550 unknown", Permanent, Scope::Message, None),
    (Data, "554 no", Permanent, Scope::Message, None),
    (Data, "451 4.3.0 disk", Transient, Scope::Message, None),
    (End, "554 5.7.1 spam", Permanent, Scope::Message, None),
    (End, "552 5.3.4 too big", Permanent, Scope::Message, None),
    (End, "451 4.3.0 later", Transient, Scope::Message, None),
];

#[tokio::test]
async fn each_reply_ends_the_attempt_as_the_table_says_and_spares_the_next_message() {
    let lines = || LINES.iter();
    let cases =
        one_by_one_and_at_once().map(|script| lines().map(move |line| (script.clone(), line)));
    for (script, (phase, reply, kind, scope, wait)) in cases.into_iter().flatten() {
        let script = script.then(*phase, SmtpStep::reply(reply));
        let bench = Bench::logged_in(script).await;
        let error = bench.send("jane@example.com").await.expect_err(reply);
        let found = (error.kind(), error.scope(), error.wait().map(|wait| wait.as_secs()));
        assert_eq!(found, (*kind, *scope, *wait), "{phase}: {reply}");
        assert!(reply.starts_with(&error.code().as_str()[..3]), "{error}");
        assert!(error.detail().as_str().starts_with(&phase.to_string()), "{error}");

        let receipt = bench.send("john@example.com").await.unwrap();
        let mails = bench.server.mails();
        let last = mails.last().unwrap();
        assert_eq!(last.recipients, ["RCPT TO:<john@example.com>"], "{phase}: {reply}");
        let queued = format!("250 2.0.0 Ok: queued as N{}", mails.len());
        assert_eq!(receipt.evidence().reply.as_str(), queued, "{phase}: {reply}");
    }
}

/// A refusal costs RSET, not a new connection; a goodbye (421) costs a connection.
#[tokio::test]
async fn a_refusal_keeps_the_connection_and_a_goodbye_ends_it() {
    for (phase, reply, connections) in [
        (Mail, "550 5.1.8 no such sender", 1),
        (Recipient, "550 5.1.1 no such user", 1),
        (Data, "554 no", 1),
        (End, "554 5.7.1 spam", 1),
        (Recipient, "421 bye", 2),
        (End, "421 bye", 2),
    ] {
        let bench = Bench::plain(SmtpScript::new().then(phase, SmtpStep::reply(reply))).await;
        bench.send("jane@example.com").await.unwrap_err();
        bench.send("john@example.com").await.unwrap();
        let conversations = bench.server.conversations();
        assert_eq!(conversations.len(), connections, "{phase}: {reply}");
        let resets = conversations[0].commands.iter().filter(|line| *line == "RSET").count();
        assert_eq!(resets, 2 - connections, "{phase}: {reply}");
    }
}

/// A goodbye in one breath with a no, as servers say it to clients that err too often: the no
/// counts, whether the goodbye stands behind the last answer or where the next one belongs.
#[tokio::test]
async fn a_goodbye_right_behind_a_no_takes_nothing_from_it_and_ends_the_connection() {
    let lines = || LINES.iter();
    let cases =
        one_by_one_and_at_once().map(|script| lines().map(move |line| (script.clone(), line)));
    for (script, (phase, reply, kind, scope, wait)) in cases.into_iter().flatten() {
        let both = format!("{reply}\r\n421 4.7.0 too many errors, wait 40 seconds\r\n");
        let bench = Bench::logged_in(script.then(*phase, SmtpStep::bytes(both))).await;
        let error = bench.send("jane@example.com").await.expect_err(reply);
        let found = (error.kind(), error.scope(), error.wait().map(|wait| wait.as_secs()));
        assert_eq!(found, (*kind, *scope, *wait), "{phase}: {reply}: {error}");
        assert!(reply.starts_with(&error.code().as_str()[..3]), "{error}");
        assert!(error.detail().as_str().starts_with(&phase.to_string()), "{error}");

        bench.send("john@example.com").await.unwrap();
        assert_eq!(bench.server.conversations().len(), 2, "{phase}: {reply}");
    }
}

/// Behind a yes it is the answer to the next command, if that was written already.
#[tokio::test]
async fn a_goodbye_behind_a_yes_to_a_command_sends_nothing() {
    for (script, phase, code) in [
        (SmtpScript::new(), Recipient, "odd_reply"),
        (SmtpScript::new().offers(["PIPELINING"]), Recipient, "421 4.7.0"),
        (SmtpScript::new(), Data, "odd_reply"),
        (SmtpScript::new().offers(["PIPELINING"]), Data, "odd_reply"),
    ] {
        let yes = if phase == Data { "354 go on" } else { "250 ok" };
        let both = SmtpStep::bytes(format!("{yes}\r\n421 4.7.0 too many errors\r\n"));
        let bench = Bench::plain(script.then(phase, both.then_close())).await;
        let error = bench.send("jane@example.com").await.unwrap_err();
        assert_eq!(error.code().as_str(), code, "{phase}");
        assert!(matches!(error.kind(), Transient | ChannelDown), "{phase}: {error}");
        assert!(bench.server.mails().is_empty(), "{phase}");
        bench.send("john@example.com").await.unwrap();
        assert_eq!(bench.server.conversations().len(), 2, "{phase}");
    }
}

/// The reasons of two recipients on one connection are not mixed up.
#[tokio::test]
async fn one_refused_recipient_of_five_harms_nobody_else() {
    let gone = SmtpStep::reply("550 5.1.1 no such user");
    let bench = Bench::plain(SmtpScript::new().for_recipient("c@x.example", gone)).await;
    for name in ["a", "b", "c", "d", "e"] {
        let result = bench.send(&format!("{name}@x.example")).await;
        assert_eq!(result.is_ok(), name != "c", "{name}: {result:?}");
    }
    assert_eq!(bench.server.mails().len(), 4);
    assert_eq!(bench.server.conversations().len(), 1);
}

/// A server that answers in the middle of the content has not accepted, and what it says later is
/// no answer to another message.
#[tokio::test]
async fn an_answer_in_the_middle_of_the_content_is_no_success_and_ends_the_connection() {
    for reply in ["552 5.3.4 too big", "451 4.3.0 disk", "399 odd"] {
        let script = SmtpScript::new().then(SmtpPhase::Content, SmtpStep::reply(reply));
        let bench = Bench::plain(script).await;
        bench.send("jane@example.com").await.expect_err(reply);
        bench.send("john@example.com").await.unwrap();
        assert_eq!(bench.server.conversations().len(), 2, "{reply}");
    }
}

#[tokio::test]
async fn the_host_may_read_a_reply_otherwise() {
    use puntual::notify::SmtpVerdict;
    let script = SmtpScript::new()
        .then(Recipient, SmtpStep::reply("550 5.1.1 restarting"))
        .then(Recipient, SmtpStep::reply("550 5.1.1 unknown"));
    let bench = Bench::with(script, |builder| {
        builder.classify(|phase, reply| {
            let lies = phase == Recipient && reply.text() == "restarting";
            lies.then(|| SmtpVerdict::new(Transient, Scope::Message).after(Duration::from_secs(30)))
        })
    })
    .await;
    assert_eq!(bench.fail(Transient).await.wait(), Some(Duration::from_secs(30)));
    bench.fail(Permanent).await;
}
