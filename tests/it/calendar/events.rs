//! What one event says, and what of it may be wrong.

use super::{calendar, event, problems, read, rows};

#[test]
fn times_are_read_in_the_spellings_of_the_wild() {
    let cases = [
        ("DTSTART:20260714T183000Z", "2026-07-14T18:30:00Z"),
        ("dtstart:20260714t183000z", "2026-07-14T18:30:00Z"),
        ("DTSTART : 20260714T183000Z ", "2026-07-14T18:30:00Z"),
        ("DTSTART; VALUE = DATE-TIME:20260714T183000Z", "2026-07-14T18:30:00Z"),
        ("DTSTART:2026-07-14T18:30:00Z", "2026-07-14T18:30:00Z"),
        ("DTSTART:20260714T1830Z", "2026-07-14T18:30:00Z"),
        ("DTSTART:20260714T183060Z", "2026-07-14T18:30:59Z"),
        ("DTSTART;VALUE=DATE:20260714T000000Z", "2026-07-13T22:00:00Z"),
    ];
    for (line, start) in cases {
        let reading = read(event(&format!("UID:a\n{line}")));
        assert_eq!(rows(&reading), [format!("a {start}")], "{line}");
        assert_eq!(problems(&reading), [""; 0], "{line}");
    }
}

#[test]
fn an_event_without_a_usable_start_is_named_with_its_reason() {
    let cases = [
        ("UID:a\nSUMMARY:x", "event a: DTSTART is missing"),
        ("SUMMARY:x", "event #1: DTSTART is missing"),
        ("UID:a\nDTSTART:", "event a: DTSTART is empty"),
        ("UID:a\nDTSTART:SOON", "event a: DTSTART is neither a date nor a time: \"SOON\""),
        (
            "UID:a\nDTSTART:20260231T100000Z",
            "event a: DTSTART is neither a date nor a time: \"20260231T100000Z\"",
        ),
        (
            "UID:a\nDTSTART:20260714T250000Z",
            "event a: DTSTART is neither a date nor a time: \"20260714T250000Z\"",
        ),
        (
            "UID:a\nDTSTART;VALUE=TIME:183000",
            "event a: DTSTART is a time without a date: \"183000\"",
        ),
    ];
    for (lines, problem) in cases {
        let reading = read(event(lines));
        assert_eq!(rows(&reading), [""; 0], "{lines}");
        assert_eq!(problems(&reading), [format!("club.ics: {problem}")], "{lines}");
        assert_eq!(reading.unsettled.len(), 1, "an unusable event has not vanished: {lines}");
    }
}

#[test]
fn a_bad_property_is_named_and_does_not_hide_its_event() {
    let cases = [
        ("DURATION:P999999999999999999W", "DURATION is not usable: \"P999999999999999999W\""),
        ("DURATION:P99999W", "DURATION is longer than ten years: \"P99999W\""),
        ("DURATION:half an hour", "DURATION is not usable: \"half an hour\""),
        ("DTEND:late", "DTEND is neither a date nor a time: \"late\""),
        ("EXDATE;VALUE=DATE:", "EXDATE is empty"),
        ("RDATE;VALUE=TIME:083000", "RDATE is a time without a date: \"083000\""),
        ("RRULE:FREQ=NEVER", "the rule \"FREQ=NEVER\" is not usable: unknown recurrence frequency"),
        ("RRULE:FREQ=DAILY;COUNT=0", "the rule \"FREQ=DAILY;COUNT=0\" is not usable: COUNT is 0"),
        ("LOCATION;X=1", "a line without a value: \"LOCATION;X=1\""),
        ("ATTENDEE:invalid:nomail", "ATTENDEE is not a mail address: \"invalid:nomail\""),
    ];
    for (line, problem) in cases {
        let reading = read(event(&format!("UID:a\n{line}\nDTSTART:20260714T183000Z")));
        assert_eq!(rows(&reading), ["a 2026-07-14T18:30:00Z"], "{line}");
        assert_eq!(problems(&reading), [format!("club.ics: event a: {problem}")], "{line}");
    }
}

#[test]
fn attendees_are_read_as_addresses_each_once() {
    let reading = read(event(
        "UID:a\nDTSTART:20260714T183000Z\n\
         ATTENDEE;CN=\"Doe; Ann: x\":mailto:ann@example.com\n\
         ATTENDEE;PARTSTAT=NEEDS-ACTION:MAILTO:Bob@Example.com\n\
         ATTENDEE:mailto:ANN@example.com?subject=hello\n\
         ATTENDEE;EMAIL=cleo@example.com:urn:uuid:2d0b2ac2\n\
         ATTENDEE:dan@example.com\n\
         ORGANIZER:mailto:boss@example.com\n\
         BEGIN:VALARM\nACTION:EMAIL\nATTENDEE:mailto:alarm@example.com\nEND:VALARM",
    ));
    assert_eq!(
        reading.occurrences[0].attendees[..],
        ["ann@example.com", "Bob@Example.com", "cleo@example.com", "dan@example.com"]
    );
    assert_eq!(problems(&reading), [""; 0]);
}

#[test]
fn a_summary_is_read_without_its_escapes() {
    let reading =
        read(event("UID:a\nDTSTART:20260714T183000Z\nSUMMARY:Tennis\\, court 2\\nIndoor"));
    assert_eq!(&*reading.occurrences[0].summary, "Tennis, court 2\nIndoor");
}

#[test]
fn status_and_method_cancel_an_event() {
    for status in ["STATUS:CANCELLED", "STATUS:Cancelled", "status:canceled"] {
        let reading = read(event(&format!("UID:a\n{status}\nDTSTART:20260714T183000Z")));
        assert_eq!(rows(&reading), ["a 2026-07-14T18:30:00Z cancelled"], "{status}");
    }
    let reading =
        read(calendar("METHOD:CANCEL\nBEGIN:VEVENT\nUID:a\nDTSTART:20260714T183000Z\nEND:VEVENT"));
    assert_eq!(rows(&reading), ["a 2026-07-14T18:30:00Z cancelled"]);
    let reading = read(event("UID:a\nSTATUS:TENTATIVE\nDTSTART:20260714T183000Z"));
    assert_eq!(rows(&reading), ["a 2026-07-14T18:30:00Z"]);
}

#[test]
fn the_newer_of_two_versions_of_an_event_counts() {
    let version = |lines: &str| format!("BEGIN:VEVENT\nUID:a\n{lines}\nEND:VEVENT\n");
    let old = version("SEQUENCE:1\nDTSTART:20260714T183000Z");
    let new = version("SEQUENCE:2\nDTSTART:20260715T183000Z");
    for text in [format!("{old}{new}"), format!("{new}{old}")] {
        let reading = read(calendar(&text));
        assert_eq!(rows(&reading), ["a 2026-07-15T18:30:00Z"]);
        assert_eq!(problems(&reading), [""; 0]);
    }
    let withdrawn = "METHOD:CANCEL\nBEGIN:VEVENT\nUID:a\nSEQUENCE:2\nEND:VEVENT";
    let reading = read(format!("{}{}", calendar(&new), calendar(withdrawn)));
    assert_eq!(rows(&reading), ["a 2026-07-15T18:30:00Z cancelled"]);
}

#[test]
fn two_events_under_one_uid_both_count_and_are_reported() {
    let reading = read(calendar(
        "BEGIN:VEVENT\nUID:a\nDTSTART:20260714T183000Z\nEND:VEVENT\n\
         BEGIN:VEVENT\nUID:a\nDTSTART:20260715T183000Z\nEND:VEVENT",
    ));
    assert_eq!(rows(&reading), ["a 2026-07-14T18:30:00Z", "a#2 2026-07-15T18:30:00Z"]);
    assert_eq!(
        problems(&reading),
        ["club.ics: event a#2: its UID is used by two events of the file"]
    );
}
