//! The collection of files of other programs, where it is there.

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp};

use super::whole_runs::run;

/// One row of `expected.tsv`.
struct Row {
    file: String,
    /// `-` where the event has none.
    uid: String,
    start: Timestamp,
    due: Timestamp,
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
                due: cells[4].parse().expect("an instant"),
            }
        })
        .collect()
}

/// UID, first start and due of each event, as of two days before the earliest expected start.
async fn first_rows(folder: &Path, file: &str, expected: &[Row]) -> Vec<(String, String, String)> {
    let earliest = expected.iter().map(|row| row.start).min().unwrap_or(Timestamp::UNIX_EPOCH);
    let now = earliest.saturating_sub(SignedDuration::from_hours(48)).expect("an absolute time");
    let words = format!("@{file} --before 24h --zone Europe/Madrid --now {now} --json");
    let ran = run(folder, &words).await;
    let mut first: BTreeMap<String, (String, String)> = BTreeMap::new();
    for line in ran.out.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("an object");
        let cell = |name: &str| line[name].as_str().expect(name).to_owned();
        first.entry(cell("uid")).or_insert((cell("start"), cell("due")));
    }
    assert!(matches!(ran.code, 0 | 3), "{file} ends with {}", ran.code);
    assert!(!first.is_empty() || !ran.err.is_empty(), "{file} says nothing");
    let rows = first.into_iter().map(|(uid, (start, due))| {
        let uid = if uid.starts_with('#') { "-".to_owned() } else { uid };
        (uid, start, due)
    });
    rows.collect()
}

#[tokio::test]
async fn every_file_of_the_collection_gives_its_rows() {
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
        let file = path.file_name().expect("a name").to_string_lossy().into_owned();
        let expected: Vec<Row> = rows.extract_if(.., |row| row.file == file).collect();
        let mut found = first_rows(&folder, &file, &expected).await;
        found.sort();
        let mut wanted: Vec<_> = expected
            .iter()
            .map(|row| (row.uid.clone(), row.start.to_string(), row.due.to_string()))
            .collect();
        wanted.sort();
        assert_eq!(found, wanted, "{file}");
    }
    assert!(files > 0, "the collection is empty");
    assert!(rows.is_empty(), "rows without a file");
}
