//! Bodies come back as they were written, and damage is noticed.

use super::*;
use crate::task::EmailAddress;

fn body() -> Body {
    let jane: EmailAddress = "jane@example.com".parse().unwrap();
    let to = Recipient::from(jane).named("Jane");
    let request = Request::new(to, Content::Template("booking_reminder".to_owned()));
    Body::new(None, Trigger::now(), request)
}

#[test]
fn a_body_comes_back_as_it_was_written() {
    let data = TaskData::default();
    let written = body();
    let stored = written.encode(&data).unwrap();
    assert_eq!(stored.decode(&data).unwrap(), written);
    assert!(!format!("{written:?}{stored:?}").contains("jane"), "debug output is redacted");
}

/// Bodies without a calendar entry are the bytes that they were before there was one, so rows of
/// older workers are read, and newer rows by older workers too.
#[test]
fn what_was_added_later_changes_no_body_that_does_without() {
    let stored = "{\"version\":1,\"generation\":1,\"trigger\":{\"when\":\"now\"}}\n\
                  aa34f897{\"request\":{\"to\":{\"channel\":\"email\",\"address\":\
                  {\"email\":\"jane@example.com\"},\"name\":\"Jane\"},\"content\":\
                  {\"template\":\"booking_reminder\"},\"past_due\":\"skip\",\
                  \"expiry\":\"usual\"},\"memory\":{}}";
    let data = TaskData::default();
    assert_eq!(TaskBody::from_stored(stored.to_owned()).decode(&data).unwrap(), body());
    assert_eq!(body().encode(&data).unwrap().as_str(), stored);
    let mut with_entry = body();
    with_entry.request.calendar = Some(crate::task::CalendarEntry::new("Court 3").cancelled());
    let encoded = with_entry.encode(&data).unwrap();
    assert_eq!(encoded.decode(&data).unwrap(), with_entry);
    assert!(encoded.as_str().contains(r#""calendar":{"title":"Court 3","cancelled":true}"#));
    let created_at: DateTime<Utc> = "2026-07-01T10:00:00Z".parse().unwrap();
    assert_eq!(with_entry.revised_at(created_at), created_at);
    with_entry.revise("2026-07-01T09:00:00Z".parse().unwrap(), created_at);
    assert_eq!(with_entry.memory.revised_at, Some(created_at), "a clock was behind");
    assert_eq!(with_entry.encode(&data).unwrap().decode(&data).unwrap(), with_entry);
    let mut without_entry = body();
    without_entry.revise(created_at, created_at);
    assert_eq!(without_entry.encode(&data).unwrap().as_str(), stored);
}

#[test]
fn blanking_keeps_the_head_and_nothing_personal() {
    let stored = body().encode(&TaskData::default()).unwrap();
    let blanked = stored.blanked();
    assert!(blanked.is_blanked() && !stored.is_blanked());
    assert!(!blanked.as_str().contains("jane"));
    assert_eq!(blanked.head().unwrap(), body().head);
    assert!(blanked.decode(&TaskData::default()).unwrap_err().is_blanked());
}

#[test]
fn every_flipped_bit_is_noticed() {
    let data = TaskData::parse(r#"{"court":4}"#.to_owned()).unwrap();
    let stored = body().encode(&data).unwrap();
    let mut noticed = 0;
    for at in 0..stored.as_str().len() {
        for bit in 0..7 {
            let mut bytes = stored.as_str().as_bytes().to_vec();
            bytes[at] ^= 1 << bit;
            let Ok(text) = String::from_utf8(bytes) else { continue };
            assert!(TaskBody::from_stored(text).decode(&data).is_err(), "byte {at}, bit {bit}");
            noticed += 1;
        }
    }
    assert!(noticed > 1_000, "{noticed} flips were tried");
    let other = TaskData::parse(r#"{"court":5}"#.to_owned()).unwrap();
    assert!(stored.decode(&other).is_err(), "the host's data is covered too");
}

#[test]
fn a_newer_version_is_told_from_damage() {
    let error = TaskBody::from_stored(r#"{"version":2,"new":true}"#.to_owned()).head();
    assert!(error.unwrap_err().is_newer_version());
    for damaged in ["", "{", "null", "{}\n", "not json\nat all"] {
        let error = TaskBody::from_stored(damaged.to_owned()).head().unwrap_err();
        assert!(!error.is_newer_version() && !error.is_blanked(), "{damaged:?}");
    }
}
