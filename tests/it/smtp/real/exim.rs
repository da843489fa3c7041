//! Exim, a real mail server: TLS by GnuTLS, AUTH PLAIN, delivery into a Maildir.

mod send_test;

use futures_util::future::join_all;

use super::mails::Letter;
use super::{Server as _, Stage, check_contents, check_health, check_refused, check_replies};
use crate::servers::exim::Exim;

fn stage() -> Stage<Exim> {
    Stage::new(Exim::start)
}

#[tokio::test]
async fn exim_is_found_working_by_both_doors() {
    check_health(&stage(), ["PLAIN", "PLAIN"]).await;
}

#[tokio::test]
async fn exim_gets_nothing_with_a_wrong_password_or_certificate() {
    check_refused(&stage()).await;
}

#[tokio::test]
async fn exim_refuses_one_message_and_takes_the_next_on_the_same_connection() {
    let stage = stage();
    check_replies(&stage, 24 * 1024).await;
    assert_eq!(stage.server.connections(), 1);
}

#[tokio::test]
async fn exim_delivers_what_was_sent() {
    let stage = stage();
    check_contents(&stage).await;
    assert_eq!(stage.server.connections(), 2, "one for each door");
}

/// It takes two connections from one host; six are wanted. By the door where TLS begins at once it
/// says so in clear.
#[tokio::test]
async fn exim_takes_few_connections_and_gets_all_messages() {
    for at in [0, 1] {
        let stage = Stage::new(|certificate, password| Exim::start_with(certificate, password, 2));
        let notifier = stage.notifier(stage.server.doors()[at], 6);
        let letters: Vec<Letter> =
            (0..24).map(|n| Letter::new(&format!("p{n}@x.example"), "Hello.")).collect();
        let results = join_all(letters.iter().map(|letter| letter.send(&notifier))).await;
        for result in results {
            result.unwrap_or_else(|error| panic!("{error}"));
        }
        assert_eq!(stage.server.delivered().len(), letters.len());
    }
}
