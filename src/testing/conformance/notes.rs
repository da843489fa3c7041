//! Notes: small shared documents with compare-and-set.

use super::Verdict;
use super::bench::{Bench, at, kept, now};
use crate::store::{Note, NoteStore, NoteWrite, WriteOutcome};

async fn read(notes: &dyn NoteStore, name: &str) -> Option<Note> {
    let names = [name.to_owned()];
    kept(|| notes.read_notes(&names)).await.pop().flatten()
}

async fn write(
    notes: &dyn NoteStore,
    name: &str,
    seen: Option<&Note>,
    text: Option<&str>,
) -> WriteOutcome {
    let write = NoteWrite::new(name, seen, text.map(str::to_owned));
    kept(|| notes.write_note(at(5), &write)).await
}

/// Writes a note that was not there, and answers it.
async fn written(notes: &dyn NoteStore, name: &str, text: &str) -> Note {
    let outcome = write(notes, name, None, Some(text)).await;
    let note = read(notes, name).await.unwrap_or_else(|| panic!("{name} is not there"));
    assert_eq!(outcome, WriteOutcome::Written(note.revision));
    note
}

pub(super) async fn are_read_one_to_one_in_order(bench: &Bench) -> Result<(), Verdict> {
    let notes = bench.notes()?;
    let (a, b) = (written(notes, "a", "1").await, written(notes, "b", "2").await);
    let names = ["b", "absent", "a", "b"].map(str::to_owned);
    let found = kept(|| notes.read_notes(&names)).await;
    assert_eq!(found, [Some(b.clone()), None, Some(a), Some(b)]);
    Ok(())
}

pub(super) async fn are_written_where_the_revision_is_the_expected_one(
    bench: &Bench,
) -> Result<(), Verdict> {
    let notes = bench.notes()?;
    assert_eq!(read(notes, "pause/email").await, None);
    let first = written(notes, "pause/email", "on").await;
    assert_eq!((first.text.as_str(), first.updated_at), ("on", at(5)));
    assert_eq!(write(notes, "pause/email", None, Some("x")).await, WriteOutcome::Stale);
    let outcome = write(notes, "pause/email", Some(&first), Some("off")).await;
    let second = read(notes, "pause/email").await;
    let revision = second.as_ref().map(|note| note.revision);
    assert!(revision > Some(first.revision), "a revision grows");
    assert_eq!(revision.map(WriteOutcome::Written), Some(outcome));
    assert_eq!(write(notes, "pause/email", Some(&first), Some("x")).await, WriteOutcome::Stale);
    assert_eq!(write(notes, "pause/sms", Some(&first), Some("x")).await, WriteOutcome::Stale);
    assert_eq!(read(notes, "pause/email").await, second, "who lost has no effect");
    assert_eq!(read(notes, "pause/sms").await, None);
    Ok(())
}

pub(super) async fn are_deleted_and_may_come_back(bench: &Bench) -> Result<(), Verdict> {
    let notes = bench.notes()?;
    let first = written(notes, "presence/1", "here").await;
    assert_eq!(write(notes, "presence/1", None, None).await, WriteOutcome::Stale);
    let deleted = write(notes, "presence/1", Some(&first), None).await;
    assert_eq!(deleted, WriteOutcome::Written(first.revision));
    assert_eq!(read(notes, "presence/1").await, None);
    assert_eq!(write(notes, "presence/1", Some(&first), None).await, WriteOutcome::Stale);
    let again = written(notes, "presence/1", "back").await;
    assert_eq!(again.text, "back");
    Ok(())
}

pub(super) async fn of_many_concurrent_writers_one_wins(bench: &Bench) -> Result<(), Verdict> {
    let seen = written(bench.notes()?, "breaker/email", "closed").await;
    let rival = |number: u32| {
        let (store, seen) = (bench.store.clone(), seen.clone());
        tokio::spawn(async move {
            let Some(notes) = store.notes() else { panic!("the notes were there") };
            let text = number.to_string();
            (write(notes, "breaker/email", Some(&seen), Some(&text)).await, text)
        })
    };
    let rivals: Vec<_> = (0..8).map(rival).collect();
    let mut winners = Vec::new();
    for rival in rivals {
        let (outcome, text) = rival.await.unwrap_or_else(|error| panic!("a write failed: {error}"));
        if outcome != WriteOutcome::Stale {
            winners.push((outcome, text));
        }
    }
    let stored = read(bench.notes()?, "breaker/email").await;
    let stored = stored.map(|note| (WriteOutcome::Written(note.revision), note.text));
    assert_eq!(winners, stored.into_iter().collect::<Vec<_>>());
    Ok(())
}

pub(super) async fn are_listed_by_prefix_and_name(bench: &Bench) -> Result<(), Verdict> {
    let notes = bench.notes()?;
    for name in ["p/b", "p/a", "P/x", "p_/x", "p/", "q/a", "p%a", "p/ä", "p"] {
        written(notes, name, name).await;
    }
    let table: &[(&str, u32, &[&str])] = &[
        ("p/", 100, &["p/", "p/a", "p/b", "p/ä"]),
        ("p/", 2, &["p/", "p/a"]),
        ("p/", 0, &[]),
        ("p%", 100, &["p%a"]),
        ("p_", 100, &["p_/x"]),
        ("absent", 100, &[]),
        ("", 3, &["P/x", "p", "p%a"]),
    ];
    for (prefix, limit, expected) in table {
        let found = kept(|| notes.list_notes(prefix, *limit)).await;
        let names: Vec<_> = found.iter().map(|note| note.name.as_str()).collect();
        assert_eq!(names, *expected, "{prefix:?}, at most {limit}");
        assert!(found.iter().all(|note| note.name == note.text));
    }
    Ok(())
}

pub(super) async fn keep_their_text_exactly(bench: &Bench) -> Result<(), Verdict> {
    let notes = bench.notes()?;
    let long = "é".repeat(32 * 1024);
    for text in ["", " a ", "🦀 שלום \"quoted\" \\ ' \r\n", r#"{"b":1, "a":2}"#, &long] {
        let seen = read(notes, "note").await;
        let outcome = write(notes, "note", seen.as_ref(), Some(text)).await;
        assert!(matches!(outcome, WriteOutcome::Written(_)), "{outcome:?}");
        assert_eq!(read(notes, "note").await.map(|note| note.text).as_deref(), Some(text));
    }
    Ok(())
}

pub(super) async fn the_seal_comes_with_the_probe(bench: &Bench) -> Result<(), Verdict> {
    let notes = bench.notes()?;
    let seal = || async {
        let probe = bench.store.probe().await.unwrap_or_else(|error| panic!("{error}"));
        let (_, claimed) = bench.claim_due(now(), 1).await;
        assert_eq!(claimed.probe.seal, probe.seal);
        probe.seal
    };
    assert_eq!(seal().await, None);
    let note = written(notes, "seal", "production").await;
    assert_eq!(seal().await.as_deref(), Some("production"));
    write(notes, "seal", Some(&note), Some("staging")).await;
    assert_eq!(seal().await.as_deref(), Some("staging"));
    Ok(())
}
