//! Which clock a time in a file is told on.

use super::{calendar, event, problems, read, read_in, rows};

/// A zone of this file alone: an hour and a half ahead of UTC, one more in summer, with the
/// last change to winter at 03:00 on 25 October 2026, which is 00:30 UTC.
const CLUB_TIME: &str = "\
BEGIN:VTIMEZONE
TZID:Club Time
BEGIN:STANDARD
DTSTART:20201025T030000
TZOFFSETFROM:+0230
TZOFFSETTO:+0130
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU;UNTIL=20261025T003000Z
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:20200329T020000
TZOFFSETFROM:+0130
TZOFFSETTO:+0230
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
END:VTIMEZONE
";

#[test]
fn a_zone_is_known_under_every_name_that_programs_give_it() {
    let cases = [
        (";TZID=Europe/Berlin", "2026-07-14T16:30:00Z"),
        (";TZID=\"Europe/Berlin\"", "2026-07-14T16:30:00Z"),
        (";TZID=europe/berlin", "2026-07-14T16:30:00Z"),
        (";VALUE=DATE-TIME;TZID=Europe/Berlin", "2026-07-14T16:30:00Z"),
        (";TZID=/Europe/Stockholm", "2026-07-14T16:30:00Z"),
        (";TZID=/freeassociation.sourceforge.net/Europe/Vienna", "2026-07-14T16:30:00Z"),
        (";TZID=/freeassociation.sourceforge.net/Tzfile/Europe/Vienna", "2026-07-14T16:30:00Z"),
        (";TZID=/softwarestudio.org/Olson_20011030_5/America/Chicago", "2026-07-14T23:30:00Z"),
        (";TZID=/mozilla.org/20070129_1/Australia/Adelaide", "2026-07-14T09:00:00Z"),
        (";TZID=custom_America/New_York", "2026-07-14T22:30:00Z"),
        (";TZID=America/New York", "2026-07-14T22:30:00Z"),
        (";TZID=/x/America/Argentina/Buenos_Aires", "2026-07-14T21:30:00Z"),
        (";TZID=W. Europe Standard Time", "2026-07-14T16:30:00Z"),
        (";TZID=\"Romance Standard Time\"", "2026-07-14T16:30:00Z"),
        (";TZID=eastern standard time", "2026-07-14T22:30:00Z"),
        (";TZID=India Standard Time", "2026-07-14T13:00:00Z"),
        (";TZID=Central Asia Standard Time", "2026-07-14T12:30:00Z"),
        (";TZID=\"tzone://Microsoft/Utc\"", "2026-07-14T18:30:00Z"),
        (";TZID=UTC", "2026-07-14T18:30:00Z"),
        (";TZID=Etc/GMT", "2026-07-14T18:30:00Z"),
        (";TZID=Etc/GMT-2", "2026-07-14T16:30:00Z"),
        (";TZID=UTC+11", "2026-07-14T07:30:00Z"),
        (";TZID=GMT-03:30", "2026-07-14T22:00:00Z"),
        (";TZID=\"GMT-03:30\";X-A=1", "2026-07-14T22:00:00Z"),
        (";TZID=(UTC+01:00) Berlin", ""),
        (";TZID=", "2026-07-14T16:30:00Z"),
        ("", "2026-07-14T16:30:00Z"),
    ];
    for (parameters, start) in cases {
        let reading = read(event(&format!("UID:a\nDTSTART{parameters}:20260714T183000")));
        let expected: Vec<String> =
            Some(start).filter(|s| !s.is_empty()).map(|s| format!("a {s}")).into_iter().collect();
        assert_eq!(rows(&reading), expected, "{parameters}");
        assert_eq!(reading.problems.is_empty(), !expected.is_empty(), "{parameters}");
    }
}

#[test]
fn an_unknown_zone_is_named_and_hides_only_its_own_event() {
    let reading = read(calendar(
        "BEGIN:VEVENT\nUID:a\nDTSTART;TZID=Narnia/Cair Paravel:20260714T183000\nEND:VEVENT\n\
         BEGIN:VEVENT\nUID:b\nDTSTART:20260714T183000Z\nEND:VEVENT",
    ));
    assert_eq!(rows(&reading), ["b 2026-07-14T18:30:00Z"]);
    assert_eq!(
        problems(&reading),
        ["club.ics: event a: DTSTART: the time zone \"Narnia/Cair Paravel\" is unknown: neither \
          an IANA nor a Windows name, and the file does not define it"]
    );
}

#[test]
fn utc_wins_over_a_zone_beside_it() {
    let reading = read(event("UID:a\nDTSTART;TZID=Europe/Berlin:20260714T183000Z"));
    assert_eq!(rows(&reading), ["a 2026-07-14T18:30:00Z"]);
}

#[test]
fn an_iana_name_wins_over_the_definition_in_the_file() {
    // The file claims that New York is five hours behind all year.
    let reading = read(calendar(
        "BEGIN:VTIMEZONE\nTZID:America/New_York\nBEGIN:STANDARD\nDTSTART:19700101T000000\n\
         TZOFFSETFROM:-0500\nTZOFFSETTO:-0500\nEND:STANDARD\nEND:VTIMEZONE\n\
         BEGIN:VEVENT\nUID:a\nDTSTART;TZID=America/New_York:20260714T183000\nEND:VEVENT",
    ));
    assert_eq!(rows(&reading), ["a 2026-07-14T22:30:00Z"]);
}

#[test]
fn the_location_of_a_definition_wins_over_its_offsets() {
    let reading = read(calendar(
        "BEGIN:VTIMEZONE\nTZID:Office\nX-LIC-LOCATION:Europe/Berlin\nBEGIN:STANDARD\n\
         DTSTART:19700101T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0100\nEND:STANDARD\n\
         END:VTIMEZONE\n\
         BEGIN:VEVENT\nUID:a\nDTSTART;TZID=Office:20260714T183000\nEND:VEVENT",
    ));
    assert_eq!(rows(&reading), ["a 2026-07-14T16:30:00Z"]);
}

#[test]
fn a_definition_in_the_file_gives_the_offset_of_each_time() {
    let cases = [
        ("20200101T120000", "2020-01-01T10:30:00Z"),
        ("20260714T183000", "2026-07-14T16:00:00Z"),
        // 02:00 to 03:00 does not exist on 29 March: the offset before it counts.
        ("20260329T015959", "2026-03-29T00:29:59Z"),
        ("20260329T023000", "2026-03-29T01:00:00Z"),
        ("20260329T030000", "2026-03-29T00:30:00Z"),
        // 02:00 to 03:00 comes twice on 25 October: the first one counts.
        ("20261025T021500", "2026-10-24T23:45:00Z"),
        ("20261025T030000", "2026-10-25T01:30:00Z"),
        // The last change is the one that UNTIL names, inclusive.
        ("20261201T120000", "2026-12-01T10:30:00Z"),
        ("20270714T120000", "2027-07-14T09:30:00Z"),
    ];
    for (written, start) in cases {
        let reading = read(calendar(&format!(
            "{CLUB_TIME}BEGIN:VEVENT\nUID:a\nDTSTART;TZID=Club Time:{written}\nEND:VEVENT"
        )));
        assert_eq!(rows(&reading), [format!("a {start}")], "{written}");
        assert_eq!(problems(&reading), [""; 0], "{written}");
    }
}

#[test]
fn a_definition_may_come_after_its_use_and_have_a_date_for_its_beginning() {
    let reading = read(calendar(
        "BEGIN:VEVENT\nUID:a\nDTSTART;TZID=UTC+11:20260228T230000\nEND:VEVENT\n\
         BEGIN:VTIMEZONE\nTZID:UTC+11\nBEGIN:STANDARD\nDTSTART;VALUE=DATE:20170101\n\
         TZOFFSETFROM:+1045\nTZOFFSETTO:+1045\nEND:STANDARD\nEND:VTIMEZONE",
    ));
    assert_eq!(rows(&reading), ["a 2026-02-28T12:15:00Z"]);
}

#[test]
fn two_calendars_of_a_file_may_define_one_name_differently() {
    let one = |offset: &str, uid: &str| {
        calendar(&format!(
            "BEGIN:VTIMEZONE\nTZID:Customized Time Zone\nBEGIN:STANDARD\n\
             DTSTART:16010101T000000\nTZOFFSETFROM:{offset}\nTZOFFSETTO:{offset}\nEND:STANDARD\n\
             END:VTIMEZONE\nBEGIN:VEVENT\nUID:{uid}\n\
             DTSTART;TZID=Customized Time Zone:20260714T120000\nEND:VEVENT"
        ))
    };
    let reading = read(format!("{}{}", one("+0100", "a"), one("-0400", "b")));
    assert_eq!(rows(&reading), ["a 2026-07-14T11:00:00Z", "b 2026-07-14T16:00:00Z"]);
}

#[test]
fn a_definition_without_offsets_is_a_problem_of_its_event() {
    let reading = read(calendar(
        "BEGIN:VTIMEZONE\nTZID:Odd\nBEGIN:STANDARD\nDTSTART:20200101T000000\nTZOFFSETTO:soon\n\
         TZOFFSETFROM:+0100\nEND:STANDARD\nEND:VTIMEZONE\n\
         BEGIN:VEVENT\nUID:a\nDTSTART;TZID=Odd:20260714T183000\nEND:VEVENT",
    ));
    assert_eq!(rows(&reading), [""; 0]);
    assert_eq!(
        problems(&reading),
        [
            "club.ics: event a: DTSTART: the time zone \"Odd\" is unknown: its VTIMEZONE has no \
             usable STANDARD or DAYLIGHT",
            "club.ics: time zone \"Odd\": TZOFFSETTO is not an offset: \"soon\"",
        ]
    );
}

#[test]
fn a_whole_day_begins_when_its_local_day_begins() {
    let cases = [
        ("Europe/Madrid", "20260714", "2026-07-13T22:00:00Z"),
        ("UTC", "20260714", "2026-07-14T00:00:00Z"),
        // Clocks went from 00:00 to 01:00: the day begins at 01:00.
        ("America/Sao_Paulo", "20181104", "2018-11-04T03:00:00Z"),
        ("Asia/Beirut", "20250330", "2025-03-29T22:00:00Z"),
        // Midnight came twice: the day begins with the first one.
        ("America/Havana", "20251102", "2025-11-02T04:00:00Z"),
    ];
    for (zone, day, start) in cases {
        for property in ["DTSTART;VALUE=DATE", "DTSTART"] {
            let text = event(&format!("UID:a\n{property}:{day}"));
            let reading = read_in(zone, "2018-01-01T00:00:00Z", text);
            assert_eq!(rows(&reading), [format!("a {start}")], "{zone} {property}");
            assert!(reading.occurrences[0].all_day, "{zone} {property}");
        }
    }
}
