//! Files whose lines and components are not where they should be.

use super::{calendar, problems, read, rows};

#[test]
fn an_event_needs_no_calendar_around_it() {
    let reading = read("BEGIN:VEVENT\nUID:a\nDTSTART:20260714T183000Z\nEND:VEVENT\n");
    assert_eq!(rows(&reading), ["a 2026-07-14T18:30:00Z"]);
    assert_eq!(problems(&reading), [""; 0]);
    assert!(reading.complete);
}

#[test]
fn lines_are_unfolded_even_across_blank_lines() {
    let reading = read(
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID\n\n :a\n\nDTSTART\n ;VALUE=DATE\n\n \n :20260714\n\
         SUMMARY:Ten\n nis\n\t today\nEND:VEVENT\n\nEND:VCALENDAR\n",
    );
    assert_eq!(rows(&reading), ["a 2026-07-13T22:00:00Z"]);
    assert_eq!(&*reading.occurrences[0].summary, "Tennis today");
    assert_eq!(problems(&reading), [""; 0]);
}

#[test]
fn a_file_may_hold_several_calendars() {
    let one = |uid: &str| {
        calendar(&format!("BEGIN:VEVENT\nUID:{uid}\nDTSTART:20260714T183000Z\nEND:VEVENT"))
    };
    let reading = read(format!("{}\r\n{}", one("a"), one("b")));
    assert_eq!(rows(&reading), ["a 2026-07-14T18:30:00Z", "b 2026-07-14T18:30:00Z"]);
    assert_eq!(problems(&reading), [""; 0]);
}

#[test]
fn events_without_a_uid_go_by_their_place() {
    let reading = read(calendar(
        "BEGIN:VEVENT\nDTSTART:20260714T183000Z\nEND:VEVENT\n\
         BEGIN:VTODO\nDUE:20260714T183000Z\nEND:VTODO\n\
         BEGIN:VEVENT\nUID: \nDTSTART:20260715T183000Z\nEND:VEVENT",
    ));
    assert_eq!(rows(&reading), ["#1 2026-07-14T18:30:00Z", "#2 2026-07-15T18:30:00Z"]);
}

#[test]
fn a_missing_end_hides_no_later_event() {
    let reading = read(
        "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:a\nDTSTART:20260714T183000Z\n\
         BEGIN:VALARM\nTRIGGER:-PT15M\n\
         BEGIN:VEVENT\nUID:b\nDTSTART:20260715T183000Z\nEND:VEVENT\nEND:VCALENDAR\n",
    );
    assert_eq!(rows(&reading), ["a 2026-07-14T18:30:00Z", "b 2026-07-15T18:30:00Z"]);
    assert_eq!(
        problems(&reading),
        ["club.ics: END:VALARM is missing", "club.ics: END:VEVENT is missing"]
    );
}

#[test]
fn a_file_that_was_cut_off_is_not_complete() {
    let whole = calendar("BEGIN:VEVENT\nUID:a\nDTSTART:20260714T183000Z\nEND:VEVENT");
    assert!(read(&whole).complete);
    let half = &whole[..whole.len() - "END:VEVENT\r\nEND:VCALENDAR\r\n".len()];
    let reading = read(half);
    assert_eq!(rows(&reading), ["a 2026-07-14T18:30:00Z"]);
    assert!(!reading.complete);
}

#[test]
fn an_end_too_many_is_reported_and_harmless() {
    let reading =
        read(calendar("END:VEVENT\nBEGIN:VEVENT\nUID:a\nDTSTART:20260714T183000Z\nEND:VEVENT"));
    assert_eq!(rows(&reading), ["a 2026-07-14T18:30:00Z"]);
    assert_eq!(problems(&reading), ["club.ics: END:VEVENT has no BEGIN"]);
}

#[test]
fn what_stands_outside_of_events_is_not_judged() {
    let reading = read(calendar(
        "REFRESH - INTERVAL; VALUE = DURATION:PT48H\n\
         BEGIN:VFREEBUSY\nUID:a\nORGANIZER;CN=No Value\nEND:VFREEBUSY\n\
         BEGIN:VEVENT\nUID:a\nDTSTART:20260714T183000Z\n\
         BEGIN:VALARM\nTRIGGER\nEND:VALARM\nEND:VEVENT",
    ));
    assert_eq!(rows(&reading), ["a 2026-07-14T18:30:00Z"]);
    assert_eq!(problems(&reading), [""; 0]);
}

#[test]
fn a_file_without_events_has_no_problem() {
    for text in [calendar("METHOD:PUBLISH"), String::new(), "\u{feff}\r\n".to_owned()] {
        let reading = read(&text);
        assert_eq!((reading.events, problems(&reading)), (0, Vec::new()), "{text:?}");
    }
}

#[test]
fn a_file_that_is_no_calendar_says_so_and_is_not_complete() {
    for bytes in [&b"<html>\n<body>404</body>\n"[..], b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"] {
        let reading = read(bytes);
        assert_eq!(
            problems(&reading),
            ["club.ics: this is not an iCalendar file: it has no BEGIN line"]
        );
        assert!(!reading.complete);
    }
}
