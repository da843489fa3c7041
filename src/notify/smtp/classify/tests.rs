//! One test for each row of the table, the neighbours that it must not take included.

use super::super::reply::read_reply;
use super::*;

#[track_caller]
fn check(phases: &[At], replies: &[&str], kind: NotifyErrorKind, scope: Scope) {
    for (phase, text) in phases.iter().flat_map(|p| replies.iter().map(move |text| (*p, *text))) {
        let verdict = verdict(phase, &read_reply(text.as_bytes()).unwrap());
        assert_eq!((verdict.kind, verdict.scope), (kind, scope), "{phase}: {text}");
    }
}

#[track_caller]
fn check_wait(phase: At, text: &str, seconds: Option<u64>) {
    let verdict = verdict(phase, &read_reply(text.as_bytes()).unwrap());
    assert_eq!(verdict.wait, seconds.map(Duration::from_secs), "{phase}: {text}");
}

#[test]
fn whatever_is_refused_before_a_message_is_about_the_channel() {
    let phases = [At::Connect, At::Tls, At::Greeting, At::Hello, At::StartTls, At::Noop, At::Reset];
    let replies = ["421 busy", "454 4.7.0 no TLS now", "550 5.7.1 go away", "554 no", "502 what"];
    check(&phases, &replies, ChannelDown, Scope::Channel);
    check_wait(At::Greeting, "421 try again in 2 minutes", Some(120));
    check_wait(At::Greeting, "554 no", None);
}

#[test]
fn a_wrong_password_never_fails_a_reminder() {
    let replies = ["535 5.7.8 wrong", "534 5.7.9 too weak", "530 5.7.0 first", "454 4.7.0 later"];
    check(&[At::Auth], &replies, ChannelDown, Scope::Channel);
}

#[test]
fn a_refused_sender_is_no_fault_of_the_message() {
    let replies = ["550 5.1.8 bad sender", "553 5.7.1 not yours", "550 no", "530 5.7.0 log in"];
    check(&[At::Mail], &replies, ChannelDown, Scope::Sender);
    check(&[At::Mail], &["451 4.3.0 later", "452 4.3.1 full"], ChannelDown, Scope::Channel);
}

#[test]
fn a_server_with_too_much_to_do_is_left_alone() {
    let replies = ["421 bye", "421 4.7.0 too many", "432 no", "450 4.7.0 rate", "452 4.3.2 stop"];
    check(TRANSACTION, &replies, ChannelDown, Scope::Channel);
    check_wait(At::Data, "421 4.7.0 too many, wait 90 seconds", Some(90));
    check_wait(At::Data, "421 4.7.0 too many", Some(60));
}

#[test]
fn an_address_that_does_not_exist_is_about_the_recipient() {
    let mut replies = Vec::new();
    for code in [550, 551, 553] {
        for detail in [1, 2, 3, 6, 10] {
            replies.push(format!("{code} 5.1.{detail} unknown"));
        }
    }
    let replies: Vec<&str> = replies.iter().map(String::as_str).collect();
    check(&[At::Recipient], &replies, Permanent, Scope::Recipient);
}

#[test]
fn a_mailbox_that_is_full_or_disabled_keeps_its_address() {
    let replies = ["550 5.2.1 disabled", "552 5.2.2 full", "552 full", "550 5.2.2 full"];
    check(&[At::Recipient], &replies, Permanent, Scope::Message);
}

#[test]
fn a_policy_that_refuses_is_about_the_message() {
    let replies = ["550 5.7.1 blocked", "554 5.7.26 not authenticated", "571 5.7.1 spam"];
    check(&[At::Recipient], &replies, Permanent, Scope::Message);
}

#[test]
fn greylisting_waits_for_five_minutes_or_as_long_as_it_says() {
    let replies = [
        "450 4.7.1 greylisted",
        "451 4.7.1 try later",
        "450 4.2.0 <a@b.example>: Recipient address rejected: Greylisted",
        "451 Greylisting in action",
        "450 4.7.0 Greylisted",
        "452 4.2.2 full for now",
        "450 busy",
        "471 4.1.1 odd",
    ];
    check(&[At::Recipient], &replies, Transient, Scope::Recipient);
    check_wait(At::Recipient, "450 4.7.1 try again in 60 seconds", Some(300));
    check_wait(At::Recipient, "450 4.7.1 try again in 600 seconds", Some(600));
    check_wait(At::Recipient, "450 4.2.0 later", Some(300));
    check_wait(At::Recipient, "451 4.3.0 later", Some(300));
}

#[test]
fn a_5xx_without_enhanced_code_leaves_the_address_alone() {
    let phases = [At::Recipient, At::Data];
    check(&phases, &["550 no such user", "554 no", "501 what"], Permanent, Scope::Message);
}

#[test]
fn other_refusals_of_the_data_are_about_the_message() {
    let phases = [At::Data, At::Content, At::End];
    check(&phases, &["451 4.3.0 disk", "452 full", "450 4.7.1 later"], Transient, Scope::Message);
    check(&phases, &["554 5.7.1 spam", "552 5.3.4 big", "550 no"], Permanent, Scope::Message);
    check_wait(At::End, "451 4.3.0 come back in 5 min", Some(300));
}

#[test]
fn without_a_definite_reply_only_the_final_dot_is_uncertain() {
    for phase in BEFORE {
        assert_eq!(no_reply(*phase).kind, ChannelDown, "{phase}");
    }
    for phase in [At::Mail, At::Recipient, At::Data, At::Content] {
        assert_eq!(no_reply(phase), SmtpVerdict::new(Transient, Scope::Message), "{phase}");
    }
    assert_eq!(no_reply(At::End).kind, NotifyErrorKind::Uncertain);
}

#[test]
fn the_host_may_say_otherwise() {
    let says = |_: At, reply: &SmtpReply| {
        let lies = reply.text().contains("restarting");
        lies.then(|| SmtpVerdict::new(Transient, Scope::Channel).after(Duration::from_secs(7)))
    };
    let classifier = Classifier { host: Some(Arc::new(says)), scrubber: Scrubber::default() };
    let error = |text: &str| {
        let reply = read_reply(text.as_bytes()).unwrap();
        classifier.error(Trouble::new(At::Recipient, Fault::Refused(reply)))
    };
    let lie = error("550 5.1.1 restarting");
    assert_eq!((lie.kind(), lie.scope()), (Transient, Scope::Channel));
    assert_eq!(lie.wait(), Some(Duration::from_secs(7)));
    assert_eq!(error("550 5.1.1 unknown").kind(), Permanent);
}
