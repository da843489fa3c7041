//! What the command takes and what it prints.

use std::{path::Path, time::Duration};

use clap::Parser;
use jiff::{Timestamp, civil::time};

use super::args::{Args, Distance};
use super::output::{self, Line};
use super::reading::source;
use super::{event, read};

fn parse(words: &str) -> Result<Args, String> {
    let words = ["calendar"].into_iter().chain(words.split_whitespace());
    Args::try_parse_from(words).map_err(|error| error.to_string())
}

#[test]
fn distances_are_read_with_a_day_by_default() {
    let hours = |hours: u64| Distance::Before(Duration::from_secs(hours * 3_600));
    let cases = [
        ("a.ics", hours(24)),
        ("a.ics --before 2h", hours(2)),
        ("a.ics --before 36h", hours(36)),
        ("a.ics --before 90m", Distance::Before(Duration::from_secs(5_400))),
        ("a.ics --days-before 1", Distance::DaysBefore { days: 1, at: None }),
        (
            "a.ics --days-before 0 --at 07:30",
            Distance::DaysBefore { days: 0, at: Some(time(7, 30, 0, 0)) },
        ),
    ];
    for (words, distance) in cases {
        assert_eq!(parse(words).map(|args| args.distance()), Ok(distance), "{words}");
    }
}

#[test]
fn what_makes_no_sense_is_refused_with_the_reason() {
    let cases = [
        ("", "<FILE>"),
        ("a.ics --before 0h", "such as 24h"),
        ("a.ics --before=-1h", "such as 24h"),
        ("a.ics --before soon", "such as 24h"),
        ("a.ics --before 24h --days-before 1", "cannot be used with"),
        ("a.ics --at 09:00", "--days-before"),
        ("a.ics --days-before 1 --at 25:00", "such as 09:00"),
        ("a.ics --zone Europe/Atlantis", "such as Europe/Madrid"),
        ("a.ics --now yesterday", "--now"),
        ("a.ics --list --run", "cannot be used with"),
        ("a.ics --json --run", "cannot be used with"),
    ];
    for (words, reason) in cases {
        let refusal = parse(words).expect_err(words);
        assert!(refusal.contains(reason), "{words}: {refusal}");
    }
}

#[test]
fn files_go_by_their_names_and_two_of_one_name_are_refused() {
    let args = parse("y/b.ics x/a.ics --json --db x.db --to a@example.com").expect("arguments");
    let files = args.files().expect("two names");
    assert_eq!(files.into_keys().collect::<Vec<_>>(), ["a.ics", "b.ics"]);
    assert!(args.json && !args.run);
    assert_eq!((args.db.as_path(), args.to.as_deref()), (Path::new("x.db"), Some("a@example.com")));
    assert_eq!(args.zone.iana_name(), Some("UTC"));
    assert_eq!(args.now, None);

    let twice = parse("x/a.ics y/a.ics").expect("arguments");
    let refusal = twice.files().expect_err("one name");
    assert_eq!(refusal, "x/a.ics and y/a.ics have the same name; rename one of them");
    let same = parse("x/a.ics x/a.ics").expect("arguments");
    assert_eq!(same.files().map(|files| files.len()), Ok(1));
}

#[test]
fn a_file_that_is_not_there_is_an_answer() {
    let missing = source::load(Path::new("no/such/file.ics")).expect_err("no file");
    assert!(missing.starts_with("the file cannot be read: "), "{missing}");
}

/// The lines of one event in Berlin and one on a clock of its own.
fn lines() -> Vec<Line> {
    let berlin = read(event("UID:a\nDTSTART;TZID=Europe/Berlin:20260714T183000"));
    let plus_11 = read(event("UID:b\nDTSTART;TZID=UTC+11:20260714T183000"));
    let starts = [&berlin, &plus_11].map(|reading| reading.occurrences[0].start.clone());
    let [berlin, plus_11] = starts;
    let due: Timestamp = "2026-07-13T16:30:00Z".parse().expect("an instant");
    let first = Line {
        file: "club.ics".to_owned(),
        uid: "a".to_owned(),
        summary: "Tennis\n\u{1b}[2Jcourt \"2\"\u{202e}".to_owned(),
        start: berlin,
        due: Some(due),
        expires: None,
        state: "scheduled".to_owned(),
        reason: None,
        recipient: Some("ann@example.com".to_owned()),
    };
    let second = Line {
        uid: "b".to_owned(),
        summary: "x".repeat(60),
        start: plus_11,
        due: None,
        recipient: None,
        state: "not scheduled".to_owned(),
        reason: Some("nobody is to be told".to_owned()),
        ..first.clone()
    };
    vec![first, second]
}

#[test]
fn json_is_one_object_a_line_with_instants_in_utc() {
    let mut written = Vec::new();
    output::json(&lines(), &mut written).expect("memory takes everything");
    let written = String::from_utf8(written).expect("text");
    let objects: Vec<serde_json::Value> =
        written.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    assert_eq!(
        objects[0],
        serde_json::json!({
            "file": "club.ics", "uid": "a", "summary": "Tennis\n\u{1b}[2Jcourt \"2\"\u{202e}",
            "start": "2026-07-14T16:30:00Z", "due": "2026-07-13T16:30:00Z", "expires": null,
            "state": "scheduled", "reason": null, "recipient": "ann@example.com",
        })
    );
    assert_eq!(objects[1]["start"], "2026-07-14T07:30:00Z");
    assert_eq!(objects[1]["recipient"], serde_json::Value::Null);
    assert_eq!(objects.len(), 2);
}

#[test]
fn the_table_shows_each_start_in_its_own_zone_and_moves_no_cursor() {
    let mut written = Vec::new();
    output::table(&lines(), &mut written).expect("memory takes everything");
    let written = String::from_utf8(written).expect("text");
    let rows: Vec<&str> = written.lines().collect();
    assert_eq!(rows.len(), 3);
    assert!(rows[1].starts_with("2026-07-14 18:30 Europe/Berlin  Tennis  [2Jcourt \"2\""));
    assert!(rows[2].starts_with("2026-07-14 18:30 +11:00"), "{}", rows[2]);
    assert!(rows[2].contains(&format!("{}..", "x".repeat(48))));
    assert!(rows[2].ends_with("club.ics, b  nobody is to be told"), "{}", rows[2]);
    assert!(!written.contains(['\u{1b}', '\u{202e}']));
    let columns: Vec<_> =
        rows.iter().map(|row| row.find("club.ics").or(row.find("FILE"))).collect();
    assert!(columns.iter().all(|column| *column == columns[0]), "{columns:?}");
}
