//! Events that recur, their exceptions and their changed occurrences.

use super::{calendar, event, problems, read, rows};

fn starts(lines: &str) -> Vec<String> {
    let reading = read(event(&format!("UID:a\n{lines}")));
    assert_eq!(problems(&reading), [""; 0], "{lines}");
    let starts = reading.occurrences.iter().filter_map(|occurrence| occurrence.start.instant());
    starts.map(|start| start.strftime("%m-%d %H:%M").to_string()).collect()
}

#[test]
fn rules_give_the_occurrences_of_the_next_sixty_days() {
    // Worked out with dateutil and zoneinfo as of 2026-07-01T00:00:00Z.
    let cases: &[(&str, &[&str])] = &[
        (
            "DTSTART;TZID=Europe/Madrid:20260707T190000\n\
             RRULE:FREQ=WEEKLY;BYDAY=TU,TH;COUNT=5",
            &["07-07 17:00", "07-09 17:00", "07-14 17:00", "07-16 17:00", "07-21 17:00"],
        ),
        (
            "DTSTART;TZID=Europe/Berlin:20260302T090000\nRRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO",
            &["07-06 07:00", "07-20 07:00", "08-03 07:00", "08-17 07:00"],
        ),
        (
            "DTSTART;TZID=America/New_York:20200131T080000\nRRULE:FREQ=MONTHLY;BYDAY=-1FR",
            &["07-31 12:00", "08-28 12:00"],
        ),
        (
            "DTSTART;TZID=Europe/Madrid:20260131T080000\nRRULE:FREQ=MONTHLY;BYMONTHDAY=31",
            &["07-31 06:00"],
        ),
        (
            "DTSTART:20260101T080000Z\nRRULE:FREQ=MONTHLY;BYDAY=MO, TU, WE, TH, FR\n ;BYSETPOS=1",
            &["07-01 08:00", "08-03 08:00"],
        ),
        (
            "DTSTART;TZID=Europe/Madrid:19990815T120000\n\
             RRULE:FREQ=YEARLY;BYMONTH=8;BYMONTHDAY=15",
            &["08-15 10:00"],
        ),
        (
            "DTSTART;TZID=Europe/Madrid:20240101T070000\n\
             RRULE:FREQ=DAILY;INTERVAL=10;COUNT=200",
            &[
                "07-09 05:00",
                "07-19 05:00",
                "07-29 05:00",
                "08-08 05:00",
                "08-18 05:00",
                "08-28 05:00",
            ],
        ),
        (
            "DTSTART:20260704T070000Z\nRRULE:FREQ=SECONDLY;INTERVAL=86400;COUNT=3",
            &["07-04 07:00", "07-05 07:00", "07-06 07:00"],
        ),
        (
            "DTSTART:20260620T050000Z\nRRULE:FREQ=HOURLY;INTERVAL=300",
            &["07-02 17:00", "07-15 05:00", "07-27 17:00", "08-09 05:00", "08-21 17:00"],
        ),
        // UNTIL is UTC and inclusive: 07:00 UTC is the 09:00 of the fourth in Madrid.
        (
            "DTSTART;TZID=Europe/Madrid:20260702T090000\n\
             RRULE:FREQ=DAILY;UNTIL=20260704T070000Z",
            &["07-02 07:00", "07-03 07:00", "07-04 07:00"],
        ),
        // Of whole days the date of UNTIL counts as it is written.
        (
            "DTSTART;VALUE=DATE:20260702\nRRULE:FREQ=DAILY;UNTIL=20260703T235959Z",
            &["07-01 22:00", "07-02 22:00"],
        ),
        // The start counts even where the rule does not give it.
        (
            "DTSTART:20260702T100000Z\nRRULE:FREQ=MONTHLY;BYMONTHDAY=20;COUNT=1",
            &["07-02 10:00", "07-20 10:00"],
        ),
    ];
    for (lines, expected) in cases {
        assert_eq!(starts(lines), *expected, "{lines}");
    }
}

#[test]
fn dates_are_added_and_taken_out() {
    let cases: &[(&str, &[&str])] = &[
        ("RDATE:20260710T120000Z", &["07-02 08:00", "07-10 12:00"]),
        ("RDATE;TZID=America/New_York:20260710T080000", &["07-02 08:00", "07-10 12:00"]),
        ("RDATE;VALUE=PERIOD:20260710T120000Z/PT2H", &["07-02 08:00", "07-10 12:00"]),
        ("RDATE:20260710T120000Z,20260711T120000Z", &["07-02 08:00", "07-10 12:00", "07-11 12:00"]),
        ("RDATE:20300710T120000Z", &["07-02 08:00"]),
        ("RRULE:FREQ=DAILY;COUNT=3\nEXDATE:20260703T080000Z", &["07-02 08:00", "07-04 08:00"]),
        (
            "RRULE:FREQ=DAILY;COUNT=3\nEXDATE;TZID=America/New_York:20260703T040000",
            &["07-02 08:00", "07-04 08:00"],
        ),
        ("RRULE:FREQ=DAILY;COUNT=3\nEXDATE;VALUE=DATE:20260703", &["07-02 08:00", "07-04 08:00"]),
        ("RRULE:FREQ=DAILY;COUNT=2\nEXDATE:20260702T080000Z", &["07-03 08:00"]),
        ("RRULE:FREQ=DAILY;COUNT=4\nEXRULE:FREQ=DAILY;INTERVAL=2", &["07-03 08:00", "07-05 08:00"]),
    ];
    for (lines, expected) in cases {
        let lines = format!("DTSTART;TZID=Europe/Madrid:20260702T100000\n{lines}");
        assert_eq!(starts(&lines), *expected, "{lines}");
    }
}

#[test]
fn clocks_that_change_keep_the_local_hour() {
    let reading = super::read_in(
        "UTC",
        "2026-10-24T00:00:00Z",
        event("UID:a\nDTSTART;TZID=Europe/Berlin:20260101T100000\nRRULE:FREQ=DAILY;UNTIL=20261026"),
    );
    assert_eq!(
        rows(&reading),
        ["a 2026-10-24T08:00:00Z", "a 2026-10-25T09:00:00Z", "a 2026-10-26T09:00:00Z"]
    );
}

/// A weekly training on Tuesdays at 19:00 in Madrid, with more events of its UID.
fn training(others: &str) -> String {
    calendar(&format!(
        "BEGIN:VEVENT\nUID:a\nDTSTART;TZID=Europe/Madrid:20260707T190000\n\
         RRULE:FREQ=WEEKLY;COUNT=4\nSUMMARY:Training\nEND:VEVENT\n{others}"
    ))
}

#[test]
fn a_changed_occurrence_stands_in_for_the_one_that_it_names() {
    let reading = read(training(
        "BEGIN:VEVENT\nUID:a\nRECURRENCE-ID;TZID=Europe/Madrid:20260714T190000\n\
         DTSTART;TZID=Europe/Madrid:20260715T200000\nSUMMARY:Moved\nEND:VEVENT\n\
         BEGIN:VEVENT\nUID:a\nRECURRENCE-ID:20260721T170000Z\nSTATUS:CANCELLED\n\
         DTSTART:20260721T170000Z\nEND:VEVENT",
    ));
    assert_eq!(
        rows(&reading),
        [
            "a 2026-07-07T17:00:00Z",
            "a 2026-07-15T18:00:00Z",
            "a 2026-07-21T17:00:00Z cancelled",
            "a 2026-07-28T17:00:00Z",
        ]
    );
    let moved = &reading.occurrences[1];
    assert_eq!(moved.original_start.as_deref(), Some("2026-07-14T17:00:00Z"));
    assert_eq!(&*moved.summary, "Moved");
    assert_eq!(problems(&reading), [""; 0]);
}

#[test]
fn an_occurrence_is_cancelled_without_a_start_of_its_own() {
    let cancel = calendar(
        "METHOD:CANCEL\nBEGIN:VEVENT\nUID:a\nSEQUENCE:1\n\
         RECURRENCE-ID;TZID=Europe/Madrid:20260714T190000\nEND:VEVENT",
    );
    let reading = read(format!("{}{cancel}", training("")));
    assert_eq!(rows(&reading)[1], "a 2026-07-14T17:00:00Z cancelled");
    assert_eq!(rows(&reading).len(), 4);
    assert_eq!(problems(&reading), [""; 0]);
}

#[test]
fn a_change_of_this_and_future_occurrences_moves_the_later_ones_alike() {
    let reading = read(training(
        "BEGIN:VEVENT\nUID:a\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260721T170000Z\n\
         DTSTART;TZID=Europe/Madrid:20260722T183000\nSUMMARY:Later\nEND:VEVENT",
    ));
    assert_eq!(
        rows(&reading),
        [
            "a 2026-07-07T17:00:00Z",
            "a 2026-07-14T17:00:00Z",
            "a 2026-07-22T16:30:00Z",
            "a 2026-07-29T16:30:00Z",
        ]
    );
    assert_eq!(reading.occurrences[3].original_start.as_deref(), Some("2026-07-28T17:00:00Z"));
    assert_eq!(&*reading.occurrences[3].summary, "Later");
}

#[test]
fn an_occurrence_moved_into_the_sixty_days_is_read() {
    let reading = read(calendar(
        "BEGIN:VEVENT\nUID:a\nDTSTART:20260101T100000Z\nRRULE:FREQ=YEARLY\nEND:VEVENT\n\
         BEGIN:VEVENT\nUID:a\nRECURRENCE-ID:20270101T100000Z\nDTSTART:20260801T100000Z\nEND:VEVENT",
    ));
    assert_eq!(rows(&reading), ["a 2026-08-01T10:00:00Z"]);
    assert_eq!(reading.occurrences[0].original_start.as_deref(), Some("2027-01-01T10:00:00Z"));
}

#[test]
fn an_invitation_to_a_single_occurrence_needs_no_series() {
    let reading =
        read(event("UID:a\nRECURRENCE-ID;VALUE=DATE:20260714\nDTSTART;VALUE=DATE:20260716"));
    assert_eq!(rows(&reading), ["a 2026-07-15T22:00:00Z"]);
    assert_eq!(reading.occurrences[0].original_start.as_deref(), Some("2026-07-14"));
    assert!(reading.recurring.contains("a"));
}

#[test]
fn a_cancelled_series_cancels_every_occurrence() {
    let text = training(
        "BEGIN:VEVENT\nUID:a\nRECURRENCE-ID:20260714T170000Z\nDTSTART:20260715T170000Z\nEND:VEVENT",
    );
    let text = text.replacen("SUMMARY:Training", "STATUS:CANCELLED", 1);
    let reading = read(text);
    assert_eq!(reading.occurrences.len(), 4);
    assert!(reading.occurrences.iter().all(|occurrence| occurrence.cancelled));
}

#[test]
fn a_single_event_has_no_original_start_and_no_window() {
    let reading = read(event("UID:a\nDTSTART:20350101T100000Z"));
    assert_eq!(rows(&reading), ["a 2035-01-01T10:00:00Z"]);
    assert_eq!(reading.occurrences[0].original_start, None);
    assert!(reading.recurring.is_empty());
}

#[test]
fn a_series_with_an_unusable_rule_keeps_its_start_and_is_not_settled() {
    let reading = read(event("UID:a\nDTSTART:20260702T100000Z\nRRULE:FREQ=DAILY;BYHOUR=25"));
    assert_eq!(rows(&reading), ["a 2026-07-02T10:00:00Z"]);
    assert_eq!(reading.problems.len(), 1);
    assert!(reading.unsettled.contains("a"));
}
