//! aiosmtpd, another server by other people: LOGIN alone by one door, PLAIN alone by the other.

use super::{Stage, check_contents, check_health, check_refused, check_replies};
use crate::servers::aiosmtpd::Aiosmtpd;

fn stage() -> Stage<Aiosmtpd> {
    Stage::new(Aiosmtpd::start)
}

#[tokio::test]
async fn aiosmtpd_is_found_working_by_both_doors() {
    check_health(&stage(), ["LOGIN", "PLAIN"]).await;
}

#[tokio::test]
async fn aiosmtpd_gets_nothing_with_a_wrong_password_or_certificate() {
    check_refused(&stage()).await;
}

#[tokio::test]
async fn aiosmtpd_refuses_one_message_and_takes_the_next() {
    check_replies(&stage(), 24 * 1024).await;
}

#[tokio::test]
async fn aiosmtpd_stores_what_was_sent() {
    check_contents(&stage()).await;
}
