//! Answers that are none: in each phase they end the connection, and nothing is called sent.

use puntual::notify::NotifyErrorKind;
use puntual::testing::{SmtpScript, SmtpStep};

use super::{ANSWERED, Bench, one_by_one_and_at_once, without_answer};

#[tokio::test]
async fn nonsense_in_any_phase_ends_the_connection() {
    let long_line = format!("250 {}\r\n", "x".repeat(2 * 1024));
    let many_lines = format!("{}250 end\r\n", "250-more\r\n".repeat(64));
    let odd = [
        ("garbage", SmtpStep::bytes(b"\x16\x03\x01\x00\xff garbage\r\n".to_vec())),
        ("no code", SmtpStep::reply("hello there")),
        ("an empty line", SmtpStep::reply("")),
        ("two codes", SmtpStep::reply("250-a\r\n550 b")),
        ("a code of six", SmtpStep::reply("650 what")),
        ("an endless line", SmtpStep::endless_line()),
        ("a long line", SmtpStep::bytes(long_line)),
        ("65 lines", SmtpStep::bytes(many_lines)),
        ("half a reply", SmtpStep::bytes("250-more\r\n").then_close()),
        ("half a line", SmtpStep::bytes("25").then_close()),
    ];
    let cases =
        one_by_one_and_at_once().map(|script| ANSWERED.map(|phase| (script.clone(), phase)));
    for (script, phase) in cases.into_iter().flatten() {
        for (what, step) in &odd {
            let bench = Bench::logged_in(script.clone().then(phase, step.clone())).await;
            let error = bench.send("jane@example.com").await.expect_err(what);
            assert_eq!(error.kind(), without_answer(phase), "{phase}, {what}: {error}");
            bench.send("john@example.com").await.unwrap();
            assert_eq!(bench.server.conversations().len(), 2, "{phase}, {what}");
        }
    }
}

#[tokio::test]
async fn a_3xx_where_none_belongs_is_no_yes() {
    let cases =
        one_by_one_and_at_once().map(|script| ANSWERED.map(|phase| (script.clone(), phase)));
    for (script, phase) in cases.into_iter().flatten() {
        let bench = Bench::logged_in(script.then(phase, SmtpStep::reply("399 m"))).await;
        let error = bench.send("jane@example.com").await.expect_err("a 3xx is no success");
        assert_eq!(error.kind(), without_answer(phase), "{phase}: {error}");
    }
}

/// Bytes that are no UTF-8, many lines, no text at all: replies all the same.
#[tokio::test]
async fn unusual_replies_are_understood() {
    for (phase, yes) in ANSWERED.into_iter().zip(["220", "250", "235", "250", "250", "354", "250"])
    {
        let most = format!("{}{yes} end\r\n", format!("{yes}-more\r\n").repeat(63));
        for bytes in [
            [yes.as_bytes(), b" caf\xe9\r\n"].concat(),
            [yes.as_bytes(), b"\r\n"].concat(),
            [yes.as_bytes(), b" a bare line end\n"].concat(),
            most.into_bytes(),
        ] {
            let shown = String::from_utf8_lossy(&bytes).into_owned();
            let script = SmtpScript::new().then(phase, SmtpStep::bytes(bytes));
            // Without login: an answer to EHLO of this kind offers none.
            let bench = Bench::plain(script).await;
            bench.send("jane@example.com").await.unwrap_or_else(|e| panic!("{shown:?}: {e}"));
        }
    }
    let bytes = SmtpStep::bytes(b"550 5.1.1 caf\xe9 \x1b[31m\r\n".to_vec());
    let script = SmtpScript::new().then(puntual::notify::SmtpPhase::Recipient, bytes);
    let error = Bench::plain(script).await.fail(NotifyErrorKind::Permanent).await;
    assert_eq!(error.detail().as_str(), "RCPT: caf\u{fffd} \\u{1b}[31m");
}
