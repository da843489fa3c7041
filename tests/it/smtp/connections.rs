//! Few connections, used one after the other: bounded, counted, closed when old.

use std::time::Duration;

use futures_util::future::join_all;
use puntual::notify::{NotifyErrorKind, SmtpPhase, SmtpTls};
use puntual::testing::{SmtpScript, SmtpStep};

use super::authority::Authority;
use super::{Bench, until};

#[tokio::test]
async fn forty_messages_at_once_use_four_connections() {
    let bench = Bench::plain(SmtpScript::new()).await;
    let results = join_all((0..40).map(|n| bench.begin(&format!("p{n}@x.example")))).await;
    assert!(results.into_iter().all(|result| result.unwrap().is_ok()));
    assert_eq!(bench.server.mails().len(), 40);
    let connections = bench.server.conversations().len();
    assert!((1..=4).contains(&connections), "{connections} connections");
    assert!(bench.server.connected() <= 4);
}

#[tokio::test]
async fn a_connection_ends_after_its_hundred_messages() {
    let bench = Bench::plain(SmtpScript::new()).await;
    for n in 0..201 {
        bench.send(&format!("p{n}@x.example")).await.unwrap();
    }
    bench.until_connected(1).await;
    let conversations = bench.server.conversations();
    let mails = |at: usize| bench.server.mails().iter().filter(|m| m.conversation == at).count();
    assert_eq!((conversations.len(), mails(0), mails(1), mails(2)), (3, 100, 100, 1));
    assert_eq!(conversations[0].commands.last().unwrap(), "QUIT");
}

#[tokio::test]
async fn a_connection_that_was_idle_for_long_is_not_used_again() {
    let bench = Bench::plain(SmtpScript::new()).await;
    bench.send("a@x.example").await.unwrap();
    bench.clock.advance(Duration::from_secs(60));
    bench.send("b@x.example").await.unwrap();
    assert_eq!(bench.server.conversations().len(), 1);
    bench.clock.advance(Duration::from_secs(61));
    bench.send("c@x.example").await.unwrap();
    assert_eq!(bench.server.conversations().len(), 2);
    bench.until_connected(1).await;
}

/// The server said goodbye, or went away, between two messages: nobody's fault, nobody's attempt.
#[tokio::test]
async fn a_goodbye_between_two_messages_costs_no_attempt() {
    let goodbye = SmtpStep::bytes("250 2.0.0 ok\r\n").then_close();
    let bench = Bench::plain(SmtpScript::new().then(SmtpPhase::End, goodbye)).await;
    bench.send("a@x.example").await.unwrap();
    until(|| bench.server.conversations()[0].is_over).await;
    bench.send("b@x.example").await.unwrap();

    for (phase, step) in [
        (SmtpPhase::Mail, SmtpStep::reply("421 4.4.2 idle too long").then_close()),
        (SmtpPhase::Mail, SmtpStep::close()),
    ] {
        let before = bench.server.conversations().len();
        bench.server.push(phase, step);
        bench.send("c@x.example").await.unwrap();
        assert_eq!(bench.server.conversations().len(), before + 1);
    }
}

/// A server that is in trouble says it to new connections too: then it counts.
#[tokio::test]
async fn a_goodbye_to_a_new_connection_is_reported() {
    let goodbye = SmtpStep::reply("421 4.3.2 stopping").then_close();
    let bench = Bench::plain(SmtpScript::new()).await;
    bench.send("a@x.example").await.unwrap();
    bench.server.push(SmtpPhase::Mail, goodbye.clone());
    bench.server.push(SmtpPhase::Mail, goodbye);
    bench.fail(NotifyErrorKind::ChannelDown).await;
    assert_eq!(bench.server.conversations().len(), 2, "tried anew once");
}

/// 421 as the greeting while others are at work: one waits for those, nobody fails.
#[tokio::test]
async fn a_server_that_limits_connections_gets_fewer() {
    for limit in [1, 2, 3] {
        let bench = Bench::plain(SmtpScript::new().connections_max(limit)).await;
        let results = join_all((0..20).map(|n| bench.begin(&format!("p{n}@x.example")))).await;
        for result in results {
            result.unwrap().unwrap_or_else(|error| panic!("limit {limit}: {error}"));
        }
        assert_eq!(bench.server.mails().len(), 20);
    }
}

#[tokio::test]
async fn fewer_connections_are_used_for_ten_minutes_only() {
    let bench = Bench::plain(SmtpScript::new().connections_max(1)).await;
    let all = |bench: &Bench| join_all((0..8).map(|n| bench.begin(&format!("p{n}@x.example"))));
    assert!(all(&bench).await.into_iter().all(|result| result.unwrap().is_ok()));
    bench.server.follow(SmtpScript::new());
    let before = bench.server.conversations().len();
    assert!(all(&bench).await.into_iter().all(|result| result.unwrap().is_ok()));
    assert_eq!(bench.server.conversations().len(), before, "one was enough");
    bench.clock.advance(Duration::from_secs(10 * 60));
    assert!(all(&bench).await.into_iter().all(|result| result.unwrap().is_ok()));
    assert!(bench.server.conversations().len() > before + 1, "they are allowed again");
}

/// No login, no use: a refused login leaves nothing behind, and works when it is put right.
#[tokio::test]
async fn a_password_that_was_put_right_works_at_once() {
    let wrong = SmtpStep::reply("535 5.7.8 wrong");
    let bench = Bench::logged_in(SmtpScript::new().always(SmtpPhase::Auth, wrong)).await;
    for _ in 0..3 {
        bench.fail(NotifyErrorKind::ChannelDown).await;
    }
    bench.until_connected(0).await;
    bench.server.follow(SmtpScript::new());
    bench.send("a@x.example").await.unwrap();
}

/// Where TLS begins at once, some servers say 421 in clear, before the handshake.
#[tokio::test]
async fn a_server_that_takes_no_more_says_so_before_tls() {
    let authority = Authority::new();
    let script = authority.certify(SmtpScript::new(), "127.0.0.1").implicit_tls();
    let bench =
        Bench::with(script, |builder| builder.tls(SmtpTls::Implicit).extra_root(authority.pem()))
            .await;
    let minute = Duration::from_secs(60);
    bench.server.push(SmtpPhase::End, SmtpStep::reply("250 ok").after(&bench.clock, minute));
    let first = bench.begin("a@x.example");
    bench.server.reached(SmtpPhase::End, 1).await;
    let goodbye = SmtpStep::reply("421 too many connections").then_close();
    bench.server.push(SmtpPhase::Tls, goodbye.clone());
    let second = bench.begin("b@x.example");
    until(|| bench.server.conversations().get(1).is_some_and(|second| second.is_over)).await;
    until(|| bench.clock.next_deadline().is_some()).await;
    bench.clock.advance(minute);
    first.await.unwrap().unwrap();
    second.await.unwrap().expect("it waits for the connection that there is");

    bench.clock.advance(2 * minute);
    bench.server.push(SmtpPhase::Tls, goodbye);
    let error = bench.fail(NotifyErrorKind::ChannelDown).await;
    assert!(error.detail().as_str().contains("answered in clear"), "{error}");
}
