//! The collection of files of other programs, where it is there.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::reading::{self, Options, Reading};

/// One row of `expected.tsv`.
struct Row {
    file: String,
    /// `-` where the event has none.
    uid: String,
    start: Timestamp,
}

fn folder() -> Option<PathBuf> {
    let cases = env::var_os("PUNTUAL_CASES").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/cases"),
        PathBuf::from,
    );
    Some(cases.join("calendars")).filter(|folder| folder.is_dir())
}

fn rows(folder: &Path) -> Vec<Row> {
    let table = fs::read_to_string(folder.join("expected.tsv")).expect("the table is there");
    let lines = table.lines().skip(1);
    lines
        .map(|line| {
            let cells: Vec<&str> = line.split('\t').collect();
            Row {
                file: cells[0].to_owned(),
                uid: cells[1].to_owned(),
                start: cells[3].parse().expect("an instant"),
            }
        })
        .collect()
}

/// The first start of each event, as of two days before the earliest of the expected rows.
fn first_starts(name: &str, bytes: &[u8], expected: &[Row]) -> (Reading, Vec<(String, Timestamp)>) {
    let earliest = expected.iter().map(|row| row.start).min().unwrap_or(Timestamp::UNIX_EPOCH);
    let options = Options {
        now: earliest - SignedDuration::from_hours(48),
        zone: TimeZone::get("Europe/Madrid").expect("a zone"),
    };
    let reading = reading::read(name, bytes, &options);
    let mut first: BTreeMap<String, Timestamp> = BTreeMap::new();
    for occurrence in &reading.occurrences {
        let start = occurrence.start.instant().expect("an instant");
        first.entry(occurrence.uid.to_string()).or_insert(start);
    }
    let without_ordinals = first.into_iter().map(|(uid, start)| {
        let uid = if uid.starts_with('#') { "-".to_owned() } else { uid };
        (uid, start)
    });
    let mut starts: Vec<_> = without_ordinals.collect();
    starts.sort();
    (reading, starts)
}

#[test]
fn every_file_of_the_collection_gives_its_rows() {
    let Some(folder) = folder() else {
        assert!(env::var("PUNTUAL_REQUIRE_ALL").is_err(), "the collection of calendars is absent");
        println!("SKIPPED: the collection of calendars is absent");
        return;
    };
    let mut rows = rows(&folder);
    let mut files = 0;
    for entry in fs::read_dir(&folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "ics") {
            continue;
        }
        files += 1;
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let bytes = fs::read(&path).expect("a readable file");
        let expected: Vec<Row> = rows.extract_if(.., |row| row.file == name).collect();
        let (reading, starts) = first_starts(&name, &bytes, &expected);

        let mut wanted: Vec<_> = expected.iter().map(|row| (row.uid.clone(), row.start)).collect();
        wanted.sort();
        assert_eq!(starts, wanted, "{name}");
        let unusable = reading.events > 0 && starts.is_empty();
        assert!(!unusable || !reading.problems.is_empty(), "{name} says nothing");
    }
    assert!(files > 0, "the collection is empty");
    assert!(rows.is_empty(), "rows without a file");
}
