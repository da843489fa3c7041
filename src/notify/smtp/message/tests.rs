//! The bytes of a message: lines, dots and headers.

use super::*;

#[test]
fn leading_dots_are_doubled_and_nothing_else_changes() {
    for (given, expected) in [
        (".\r\n", "..\r\n"),
        ("a\r\n.\r\nb.\r\n", "a\r\n..\r\nb.\r\n"),
        ("..a\r\n", "...a\r\n"),
        ("a.b\r\n", "a.b\r\n"),
        ("", ""),
    ] {
        assert_eq!(with_dots_doubled(given.as_bytes()), expected.as_bytes(), "{given:?}");
    }
}

#[test]
fn lines_that_a_server_may_misread_are_refused() {
    let of = |length: usize| format!("{}\r\n", "a".repeat(length));
    assert!(check_lines(of(998).as_bytes()).is_ok());
    for bad in ["a\nb\r\n", "a\rb\r\n", "a", "a\r\r\n", &of(999)] {
        let error = check_lines(bad.as_bytes()).expect_err(bad);
        assert_eq!(error.field(), "message");
    }
}

#[test]
fn delivery_is_limited_only_as_far_as_the_server_understands() {
    let mail = |seconds: i64| Mail {
        sender: String::new(),
        recipient: String::new(),
        content: Vec::new(),
        needs_utf8: false,
        is_ascii: true,
        expires_at: DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(seconds),
    };
    let options = |seconds, deliver_by| {
        let offers = Offers { deliver_by, ..Offers::default() };
        mail(seconds).options(&offers, DateTime::UNIX_EPOCH).unwrap()
    };
    assert_eq!(options(3_600, Some(1)), " BY=3600;R");
    assert_eq!(options(120, Some(120)), " BY=120;R");
    assert_eq!(options(119, Some(120)), "", "the server would refuse it");
    assert_eq!(options(3_600, None), "");
    assert_eq!(options(0, Some(0)), "");
    assert_eq!(options(-5, Some(1)), "");
    assert_eq!(options(i64::from(u32::MAX), Some(1)), " BY=999999999;R");
}

#[test]
fn options_need_what_the_message_needs() {
    let mail = |needs_utf8| Mail {
        sender: String::new(),
        recipient: String::new(),
        content: Vec::new(),
        needs_utf8,
        is_ascii: !needs_utf8,
        expires_at: DateTime::UNIX_EPOCH,
    };
    let options = |mail: Mail, smtp_utf8, eight_bit| {
        let offers = Offers { smtp_utf8, eight_bit, ..Offers::default() };
        mail.options(&offers, DateTime::UNIX_EPOCH).ok()
    };
    assert_eq!(options(mail(true), true, true).unwrap(), " SMTPUTF8 BODY=8BITMIME");
    assert_eq!(options(mail(true), false, true), None);
    assert_eq!(options(mail(true), true, false), None);
    assert_eq!(options(mail(false), true, true).unwrap(), "");
}
