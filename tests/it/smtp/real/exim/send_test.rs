//! The example `send_test`, through a real server.

use std::fs;

use super::stage;
use crate::smtp::PASSWORD;
use crate::smtp::real::{NAME, Server as _};
use crate::smtp::send_test::run;

#[tokio::test]
async fn a_test_message_reaches_the_mailbox_by_either_door() {
    let stage = stage();
    let directory = tempfile::tempdir().unwrap();
    let ca = directory.path().join("ca.pem");
    fs::write(&ca, stage.authority.pem()).unwrap();
    let ca = ca.to_str().unwrap();
    let args = |to: &'static str| ["--ca", ca, "--to", to];
    for ((_, port), tls) in stage.server.doors().into_iter().zip(["starttls", "implicit"]) {
        let port = port.to_string();
        let settings = |password| {
            [
                ("SMTP_HOST", NAME),
                ("SMTP_PORT", port.as_str()),
                ("SMTP_TLS", tls),
                ("SMTP_FROM", "Court Club <desk@court.example>"),
                ("SMTP_USER", "desk"),
                ("SMTP_PASSWORD", password),
            ]
        };
        let accepted = run(&settings(PASSWORD), &args("jane@example.com")).await;
        assert_eq!(accepted.code, Some(0), "{}", accepted.said);
        for words in ["TLS: protected, by a valid certificate", "AUTH: logged in", "id="] {
            assert!(accepted.said.contains(words), "{}", accepted.said);
        }
        let wrong = run(&settings("wrong"), &args("jane@example.com")).await;
        assert_eq!(wrong.code, Some(1), "{}", wrong.said);
        assert!(wrong.said.contains("check user and password"), "{}", wrong.said);
        let refused = run(&settings(PASSWORD), &args("nobody@example.com")).await;
        assert_eq!(refused.code, Some(1), "{}", refused.said);
        assert!(refused.said.contains("check the address"), "{}", refused.said);
        let untrusted = run(&settings(PASSWORD), &["--to", "jane@example.com"]).await;
        assert_eq!(untrusted.code, Some(1), "{}", untrusted.said);
        assert!(untrusted.said.contains("an authority that is trusted"), "{}", untrusted.said);
    }
    let delivered = stage.server.delivered();
    assert_eq!(delivered.len(), 2);
    for raw in delivered {
        let parsed = mail_parser::MessageParser::default().parse(&raw[..]).unwrap();
        assert_eq!(parsed.subject(), Some("Test message"));
        assert_eq!(parsed.header_raw("Envelope-to").unwrap().trim(), "jane@example.com");
    }
}
