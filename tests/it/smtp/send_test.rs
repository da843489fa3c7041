//! The example `send_test` as a process: what it says, and how it ends.

use std::path::Path;
use std::process::Output;

use puntual::notify::SmtpPhase;
use puntual::testing::{ScriptedSmtp, SmtpScript, SmtpStep};

use super::{PASSWORD, one_by_one_and_at_once};

/// How a run ended, and what it said.
pub(super) struct Run {
    pub(super) code: Option<i32>,
    pub(super) said: String,
}

/// Runs it with these settings and arguments, and nothing else in its environment.
pub(super) async fn run(settings: &[(&str, &str)], args: &[&str]) -> Run {
    let test = std::env::current_exe().unwrap();
    let built = test.parent().and_then(Path::parent).unwrap().join("examples/send_test");
    assert!(built.exists(), "build the examples too: cargo test --all-features --all-targets");
    let mut command = tokio::process::Command::new(built);
    command.env_clear().envs(settings.iter().copied()).args(args).kill_on_drop(true);
    let Output { status, stdout, stderr } = command.output().await.unwrap();
    let said = String::from_utf8([stdout, stderr].concat()).unwrap();
    assert!(!said.contains(PASSWORD), "{said}");
    Run { code: status.code(), said }
}

async fn run_against(port: u16, args: &[&str]) -> Run {
    let settings = [
        ("SMTP_HOST", "127.0.0.1"),
        ("SMTP_PORT", &port.to_string()),
        ("SMTP_TLS", "none"),
        ("SMTP_FROM", "Court Club <desk@court.example>"),
        ("SMTP_USER", "desk"),
        ("SMTP_PASSWORD", PASSWORD),
    ];
    run(&settings, args).await
}

/// The report without its times.
#[track_caller]
fn without_times(said: &str) -> Vec<&str> {
    let line = |line: &'_ str| {
        let end = line.rfind(" (").filter(|_| line.ends_with(" ms)"));
        end.unwrap_or(line.len())
    };
    said.lines().map(|text| &text[..line(text)]).collect()
}

/// What the steps say that are done, on a connection without TLS.
const DONE: [(SmtpPhase, &str); 7] = [
    (SmtpPhase::Greeting, "greeting: the server is there"),
    (SmtpPhase::Hello, "EHLO: the server says what it offers"),
    (SmtpPhase::Auth, "AUTH: logged in"),
    (SmtpPhase::Mail, "MAIL: the sender may send"),
    (SmtpPhase::Recipient, "RCPT: the recipient is taken"),
    (SmtpPhase::Data, "DATA: the server waits for the message"),
    (SmtpPhase::Content, "content: the message is written"),
];

/// The steps up to this phase, connecting included, and what the report says of the phase itself.
fn steps_up_to<'a>(phase: SmtpPhase, connect: &'a str, itself: &'a str) -> Vec<&'a str> {
    let before = DONE.iter().filter(|(done, _)| *done < phase).map(|(_, line)| *line);
    [connect].into_iter().chain(before).chain([itself]).collect()
}

const TO_JANE: [&str; 2] = ["--to", "jane@example.com"];

#[tokio::test]
async fn an_accepted_test_message_is_reported_step_by_step_and_ends_with_0() {
    let server = ScriptedSmtp::start(SmtpScript::new()).await.unwrap();
    let run = run_against(server.port(), &TO_JANE).await;
    assert_eq!(run.code, Some(0), "{}", run.said);
    let connect = format!("connect: 127.0.0.1, port {}", server.port());
    let dot = "final dot: 250 2.0.0 Ok: queued as N1";
    let mut expected = steps_up_to(SmtpPhase::End, &connect, dot);
    expected.push("accepted by the relay; whether it arrives, the mailbox shows");
    assert_eq!(without_times(&run.said), expected);
    assert_eq!(run.said.matches(" ms)").count(), 9, "each step has its time: {}", run.said);
    let mails = server.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].recipients, ["RCPT TO:<jane@example.com>"]);
    assert!(mails[0].text().contains("\r\nSubject: Test message\r\n"), "{}", mails[0].text());
    assert!(mails[0].text().contains("This is a test"));
}

#[tokio::test]
async fn a_test_message_that_is_not_accepted_names_step_and_remedy_and_ends_with_1() {
    let refusals = [
        (
            SmtpPhase::Auth,
            SmtpStep::reply("535 5.7.8 no"),
            "AUTH: no [535 5.7.8]",
            "not accepted; check user and password",
        ),
        (
            SmtpPhase::Mail,
            SmtpStep::reply("550 5.7.1 not yours"),
            "MAIL: not yours [550 5.7.1]",
            "not accepted; take a sender that this user may use",
        ),
        (
            SmtpPhase::Recipient,
            SmtpStep::reply("550 5.1.1 <jane@example.com> is unknown"),
            "RCPT: <j***@e***.com> is unknown [550 5.1.1]",
            "not accepted; check the address",
        ),
        (
            SmtpPhase::Recipient,
            SmtpStep::reply("451 4.7.1 greylisted"),
            "RCPT: greylisted [451 4.7.1]",
            "not accepted for now; try again in a few minutes",
        ),
        (
            SmtpPhase::Data,
            SmtpStep::reply("554 5.7.1 not today"),
            "DATA: not today [554 5.7.1]",
            "not accepted; ",
        ),
        (
            SmtpPhase::End,
            SmtpStep::reply("554 5.7.1 spam"),
            "final dot: spam [554 5.7.1]",
            "not accepted; the relay refuses the message",
        ),
        (
            SmtpPhase::End,
            SmtpStep::close(),
            "final dot: the server closed the connection [closed]",
            "nobody knows whether it was accepted; look into the mailbox",
        ),
    ];
    for script in one_by_one_and_at_once() {
        for (phase, step, last, remedy) in refusals.clone() {
            let server = ScriptedSmtp::start(script.clone().then(phase, step)).await.unwrap();
            let run = run_against(server.port(), &TO_JANE).await;
            assert_eq!(run.code, Some(1), "{}", run.said);
            let connect = format!("connect: 127.0.0.1, port {}", server.port());
            let lines = without_times(&run.said);
            let (verdict, steps) = lines.split_last().unwrap();
            assert_eq!(steps, steps_up_to(phase, &connect, last), "{}", run.said);
            assert!(verdict.starts_with(remedy), "{}", run.said);
        }
    }
}

#[tokio::test]
async fn a_relay_that_is_not_there_or_offers_no_tls_ends_it_with_1() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let run_closed = run_against(closed, &TO_JANE).await;
    assert_eq!(run_closed.code, Some(1), "{}", run_closed.said);
    assert!(run_closed.said.starts_with("connect: "), "{}", run_closed.said);
    assert!(run_closed.said.contains("check host and port"), "{}", run_closed.said);

    let server = ScriptedSmtp::start(SmtpScript::new()).await.unwrap();
    let settings = [
        ("SMTP_HOST", "127.0.0.1"),
        ("SMTP_PORT", &server.port().to_string()),
        ("SMTP_FROM", "desk@court.example"),
    ];
    let run = run(&settings, &TO_JANE).await;
    assert_eq!(run.code, Some(1), "{}", run.said);
    assert!(run.said.contains("STARTTLS: the server does not offer STARTTLS"), "{}", run.said);
    assert!(run.said.contains("take implicit TLS on port 465"), "{}", run.said);
}

#[tokio::test]
async fn wrong_arguments_or_settings_try_nothing_and_end_with_2() {
    let server = ScriptedSmtp::start(SmtpScript::new()).await.unwrap();
    for (args, said) in [
        (&[][..], "--to"),
        (&["--to"], "--to"),
        (&["--to", "nobody"], "nobody"),
        (&["--to", "jane@example.com", "--loud"], "--loud"),
        (&["--to", "jane@example.com", "--ca", "absent.pem"], "absent.pem"),
        (&["--to", "jane@xn--a.example"], "no form in ASCII"),
    ] {
        let run = run_against(server.port(), args).await;
        assert_eq!(run.code, Some(2), "{args:?}: {}", run.said);
        assert!(run.said.contains(said), "{args:?}: {}", run.said);
    }
    let without_settings = run(&[], &TO_JANE).await;
    assert_eq!(without_settings.code, Some(2), "{}", without_settings.said);
    assert_eq!(without_settings.said, "send_test: SMTP_HOST is refused: it must be set\n");
    let help = run(&[], &["--help"]).await;
    assert_eq!(help.code, Some(0));
    assert!(help.said.contains("SMTP_HOST") && help.said.contains("--to"), "{}", help.said);
    assert!(server.conversations().is_empty());
}
