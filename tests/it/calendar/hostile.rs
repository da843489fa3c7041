//! Files made to crash a reader, to keep it busy or to fill its memory.

use std::fmt::Write;

use proptest::{collection::vec, prelude::*};

use super::{calendar, event, problems, read, reading::Reading};

/// The only problem of a file with one event.
fn problem(text: &str) -> String {
    let problems = problems(&read(text));
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems.into_iter().next().unwrap_or_default()
}

#[test]
fn rules_that_would_run_for_ever_are_refused() {
    let cases = [
        ("FREQ=SECONDLY", "it takes"),
        ("FREQ=SECONDLY;BYSETPOS=2", "it takes"),
        ("FREQ=SECONDLY;COUNT=4000000000", "it takes"),
        ("FREQ=DAILY;INTERVAL=99999999999", "invalid recurrence interval"),
        ("FREQ=DAILY;COUNT=99999999999", "invalid recurrence count"),
        ("FREQ=DAILY;INTERVAL=0", "recurrence interval cannot be zero"),
        ("FREQ=DAILY;UNTIL=20261399", "invalid recurrence date"),
        ("FREQ=DAILY;BYDAY=€€", "unknown recurrence weekday"),
        ("RSCALE=HEBREW;FREQ=YEARLY", "RSCALE is not GREGORIAN"),
        ("", "missing recurrence frequency"),
    ];
    for (rule, reason) in cases {
        let found = problem(&event(&format!("UID:a\nDTSTART:20260702T100000Z\nRRULE:{rule}")));
        assert!(found.contains(reason), "{rule}: {found}");
    }
}

#[test]
fn rules_with_too_many_entries_are_refused() {
    let numbers = |last: u32| (0..last).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    let minutes = format!("FREQ=YEARLY;BYHOUR={};BYMINUTE={}", numbers(24), numbers(60));
    let positions = format!("FREQ=DAILY;BYSETPOS={}1", "1,".repeat(5_000));
    for (rule, reason) in [
        (minutes, "it recurs more than 96 times a day"),
        (positions, "a list has more than 400 entries"),
    ] {
        let found = problem(&event(&format!("UID:a\nDTSTART:20260702T100000Z\nRRULE:{rule}")));
        assert!(found.ends_with(reason), "{found}");
    }
}

#[test]
fn a_rule_with_too_many_occurrences_is_cut_short_and_says_so() {
    let reading = read(event("UID:a\nDTSTART:20260702T100000Z\nRRULE:FREQ=MINUTELY"));
    assert_eq!(reading.occurrences.len(), 2_000);
    assert_eq!(
        problems(&reading),
        ["club.ics: event a: it recurs more than 2000 times in 60 days, \
             the later ones are left out"]
    );
    assert!(reading.unsettled.contains("a"));
}

#[test]
fn huge_intervals_and_far_years_are_no_trouble() {
    let cases = [
        ("20260702T100000Z", "FREQ=YEARLY;INTERVAL=4294967295", 1),
        ("20260702T100000Z", "FREQ=SECONDLY;INTERVAL=4294967295", 1),
        ("20260702T100000Z", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", 1),
        ("00010101T000000Z", "FREQ=DAILY", 61),
        ("00010101T000000Z", "FREQ=HOURLY;INTERVAL=24", 61),
        ("99991231T235959Z", "FREQ=DAILY", 0),
    ];
    for (start, rule, count) in cases {
        let reading = read(event(&format!("UID:a\nDTSTART:{start}\nRRULE:{rule}")));
        assert_eq!(reading.occurrences.len(), count, "{start} {rule}");
        assert_eq!(problems(&reading), [""; 0], "{start} {rule}");
    }
}

#[test]
fn many_expensive_rules_use_up_the_allowance_of_the_file() {
    let mut events = String::new();
    for number in 0..50 {
        let _ = writeln!(
            events,
            "BEGIN:VEVENT\nUID:{number}\nDTSTART:20260630T000000Z\n\
             RRULE:FREQ=SECONDLY;COUNT=1000;BYMONTH=12\nEND:VEVENT"
        );
    }
    let found = problems(&read(calendar(&events)));
    assert!(found.len() > 40, "{}", found.len());
    assert!(found.iter().all(|problem| problem.contains("steps")), "{found:?}");
}

#[test]
fn many_attendees_of_many_occurrences_are_limited() {
    let mut lines = "UID:a\nDTSTART:20260702T100000Z\nRRULE:FREQ=HOURLY\n".to_owned();
    for number in 0..600 {
        let _ = writeln!(lines, "ATTENDEE:mailto:p{number}@example.com");
    }
    let reading: Reading = read(event(lines.trim_end()));
    assert_eq!(reading.occurrences.len(), 100);
    assert_eq!(
        problems(&reading),
        [
            "club.ics: event a: it has more than 500 attendees",
            "club.ics: event a: the file asks for more than the limit of 50000 reminders",
        ]
    );
}

#[test]
fn a_definition_of_a_zone_that_changes_every_second_is_refused() {
    let reading = read(calendar(
        "BEGIN:VTIMEZONE\nTZID:Odd\nBEGIN:STANDARD\nDTSTART:16010101T000000\n\
         TZOFFSETFROM:+0100\nTZOFFSETTO:+0100\nRRULE:FREQ=SECONDLY\nEND:STANDARD\nEND:VTIMEZONE\n\
         BEGIN:VEVENT\nUID:a\nDTSTART;TZID=Odd:20260714T183000\nEND:VEVENT",
    ));
    assert_eq!(super::rows(&reading), ["a 2026-07-14T17:30:00Z"]);
    assert!(problems(&reading)[0].starts_with("club.ics: time zone \"Odd\": it takes"));
}

#[test]
fn deep_nesting_and_large_files_are_refused() {
    assert_eq!(
        problem(&"BEGIN:X\n".repeat(100_000)),
        "club.ics: components lie more than 16 deep in each other"
    );
    let large = format!("BEGIN:VEVENT\nSUMMARY:{}\n", "x".repeat(10 * 1024 * 1024));
    let reading = read(large);
    assert_eq!(problems(&reading), ["club.ics: the file is larger than 10 MB"]);
    assert!(!reading.complete);
}

#[test]
fn problems_are_limited_and_cannot_write_to_the_terminal() {
    let reading = read(event(&format!("UID:a\nDTSTART:\u{1b}[2J\n{}", "EXDATE:?\n".repeat(500))));
    let problems = problems(&reading);
    assert_eq!(problems.len(), 101);
    assert_eq!(
        problems[0],
        "club.ics: event a: DTSTART is neither a date nor a time: \"\\u{1b}[2J\""
    );
    assert_eq!(problems[100], "club.ics: there are more problems, they are not shown");
}

/// Lines that matter, to be put together at random and cut at random.
const PIECES: &[&str] = &[
    "BEGIN:VCALENDAR\r\n",
    "END:VCALENDAR\r\n",
    "BEGIN:VEVENT\n",
    "END:VEVENT\n",
    "BEGIN:VTIMEZONE\nTZID:Z\n",
    "BEGIN:STANDARD\nDTSTART:20200101T000000\n",
    "TZOFFSETFROM:+0100\nTZOFFSETTO:-0230\n",
    "END:STANDARD\n",
    "END:VTIMEZONE\n",
    "UID:a\n",
    "DTSTART;TZID=Z:20260714T183000\n",
    "DTSTART:20260714\n",
    "DTSTART;TZID=Europe/Madrid:20260329T023000\n",
    "RECURRENCE-ID:20260714T183000Z\n",
    "RECURRENCE-ID;RANGE=THISANDFUTURE:20260710\n",
    "RRULE:FREQ=DAILY\n",
    "RRULE:FREQ=WEEKLY;BYDAY=-1MO,FR;UNTIL=20270101T000000Z\n",
    "RDATE:99991231T235959Z\n",
    "EXDATE:00010101\n",
    "DURATION:-P1W\n",
    "ATTENDEE;CN=\"a:mailto:b@c\n",
    "METHOD:CANCEL\n",
    "SUMMARY:\\",
    " \n",
    "\t",
    ":\n",
    ";\n",
    "\"",
    "\u{feff}",
    "€",
    "\r",
    "\0",
];

proptest! {
    #[test]
    fn no_mixture_of_lines_panics(choice in vec(0..PIECES.len(), 0..40), cut in 0..400_usize) {
        let text: String = choice.iter().map(|index| PIECES[*index]).collect();
        let bytes = text.as_bytes();
        read(&bytes[..bytes.len().saturating_sub(cut % (bytes.len() + 1))]);
    }

    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..300)) {
        read(&bytes);
        read([b"BEGIN:VEVENT\nDTSTART:20260714T183000Z\nRRULE:", &bytes[..]].concat());
        read([b"BEGIN:VEVENT\nDTSTART;TZID=", &bytes[..], b":20260714T183000"].concat());
    }
}
