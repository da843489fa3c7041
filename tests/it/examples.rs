//! The examples, run as their readers run them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// An example that was built beside this test.
fn example(name: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let target: PathBuf = test.parent().unwrap().parent().unwrap().join("examples").join(name);
    assert!(target.exists(), "build the examples too: cargo test --all-features --all-targets");
    Command::new(target)
}

fn run(name: &str, directory: &Path, args: &[&str]) -> Output {
    example(name).args(args).current_dir(directory).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn the_quick_start_sends_both_messages_once_and_its_second_run_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let first = run("quickstart", directory.path(), &[]);
    let printed = text(&first.stdout);
    assert!(first.status.success(), "{printed}{}", text(&first.stderr));
    for once in ["Court 1 is booked for you.", "See you soon!"] {
        assert_eq!(printed.matches(once).count(), 1, "{printed}");
    }
    assert_eq!(printed.matches("\nSent ").count(), 2, "both are explained: {printed}");

    let second = run("quickstart", directory.path(), &[]);
    let printed = text(&second.stdout);
    assert!(second.status.success(), "{printed}{}", text(&second.stderr));
    assert_eq!(printed.matches("Unchanged").count(), 2, "{printed}");
    assert!(!printed.contains("email to j***@e***.com  ("), "nothing twice: {printed}");
    assert_eq!(printed.matches("\nSent ").count(), 2, "{printed}");
}

#[test]
fn the_examples_of_a_store_and_a_notifier_of_ones_own_run() {
    let directory = tempfile::tempdir().unwrap();
    for name in ["custom_store", "custom_notifier"] {
        let ran = run(name, directory.path(), &[]);
        assert!(ran.status.success(), "{name}: {}", text(&ran.stderr));
        assert!(!ran.stdout.is_empty(), "{name} says what it did");
    }
}

/// A calendar with a booking at an hour of 10 July, one that is over, and one that is unusable.
fn calendar(hour: u32, status: &str) -> String {
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//court//EN\r\n\
         BEGIN:VEVENT\r\nUID:court-4\r\nDTSTART;TZID=Europe/Madrid:20260710T{hour}0000\r\n\
         SUMMARY:Court 4\r\nSTATUS:{status}\r\nATTENDEE:mailto:jane@example.com\r\nEND:VEVENT\r\n\
         BEGIN:VEVENT\r\nUID:broken\r\nDTSTART:tomorrow\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

#[test]
fn the_calendar_plans_moves_and_cancels_on_a_file_and_names_what_it_cannot_use() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("court.ics");
    let args = ["court.ics", "--json", "--now", "2026-07-01T00:00:00Z", "--db", "court.db"];
    let listed = |hour, status| {
        std::fs::write(&file, calendar(hour, status)).unwrap();
        let ran = run("calendar", directory.path(), &args);
        assert_eq!(ran.status.code(), Some(3), "one event is unusable");
        let said = text(&ran.stderr);
        assert!(said.contains("court.ics") && said.contains("broken"), "{said}");
        let rows: Vec<serde_json::Value> =
            text(&ran.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(rows.len(), 1, "{rows:?}");
        rows[0].clone()
    };
    let row = listed(17, "CONFIRMED");
    assert_eq!(row["due"], "2026-07-09T15:00:00Z");
    assert_eq!(row["state"], "scheduled");
    assert_eq!(row["recipient"], "jane@example.com");
    let moved = listed(19, "CONFIRMED");
    assert_eq!(moved["due"], "2026-07-09T17:00:00Z");
    assert_eq!(moved["state"], "scheduled");
    assert_eq!(listed(19, "CANCELLED")["state"], "cancelled");

    std::fs::write(&file, "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n").unwrap();
    let ran = run("calendar", directory.path(), &args);
    assert_eq!(ran.status.code(), Some(0), "a file without events is no problem");
    let absent = run("calendar", directory.path(), &["--list"]);
    assert_eq!(absent.status.code(), Some(2), "without a file there is nothing to do");
}
