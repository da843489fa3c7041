//! Whole runs of the command, from the files to the exit code.

use std::future::pending;
use std::path::Path;
use std::sync::Arc;

use clap::Parser;
use puntual::notify::MemoryNotifier;
use puntual::render::{RenderError, RenderRequest, Renderer};
use puntual::store::MemoryStore;
use puntual::task::{Channel, Message};

use super::args::Args;
use super::run::{self, Output};
use super::{calendar, event};

#[derive(Debug)]
struct Plain;

impl Renderer for Plain {
    fn render(&self, request: &RenderRequest<'_>) -> Result<Message, RenderError> {
        Ok(Message::text(request.template))
    }
}

/// What a run ended with and printed.
pub(crate) struct Ran {
    pub(crate) code: u8,
    pub(crate) out: String,
    pub(crate) err: String,
    mailbox: MemoryNotifier,
}

/// Runs the command on a new database; `@` stands for the folder.
pub(crate) async fn run(folder: &Path, words: &str) -> Ran {
    run_on(MemoryStore::new(), folder, words).await
}

async fn run_on(store: MemoryStore, folder: &Path, words: &str) -> Ran {
    let words = words.replace('@', &format!("{}/", folder.display()));
    let words = ["calendar"].into_iter().chain(words.split_whitespace());
    let args = Args::try_parse_from(words).expect("arguments");
    let mailbox = MemoryNotifier::new(Channel::EMAIL);
    let mut to = Output { out: Vec::new(), err: Vec::new() };
    let hooks = (mailbox.clone(), Plain);
    let code = run::run(&args, Arc::new(store), hooks, pending(), &mut to).await;
    let text = |bytes| String::from_utf8(bytes).expect("text");
    Ran { code: code.expect("a run"), out: text(to.out), err: text(to.err), mailbox }
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    folder
}

const NOW: &str = "--now 2026-07-01T00:00:00Z";

#[tokio::test]
async fn the_exit_code_tells_whether_all_was_used() {
    let good = event("UID:a\nDTSTART:20260714T160000Z\nATTENDEE:mailto:ann@example.com");
    let half = event("UID:a\nDTSTART:20260714T160000Z\nATTENDEE:mailto:ann@example.com\nEXDATE:?");
    let refused = event("UID:a\nDTSTART:20990714T160000Z\nATTENDEE:mailto:ann@example.com");
    let none = calendar("METHOD:PUBLISH");
    let bad = event("UID:b\nDTSTART:SOON");
    let folder = folder(&[
        ("good.ics", &good),
        ("half.ics", &half),
        ("refused.ics", &refused),
        ("none.ics", &none),
        ("bad.ics", &bad),
    ]);
    let cases = [
        ("@good.ics", 0, 1, ""),
        ("@none.ics", 0, 0, "none.ics: the file has no event, nothing is scheduled\n"),
        ("@half.ics", 3, 1, "half.ics: event a: EXDATE is neither a date nor a time: \"?\"\n"),
        ("@refused.ics", 3, 1, "refused.ics: event a: "),
        ("@bad.ics @good.ics", 3, 1, "bad.ics: event b: DTSTART is neither a date nor a time"),
        ("@missing.ics @good.ics", 3, 1, "missing.ics: the file cannot be read: "),
        ("@good.ics @half.ics", 3, 2, "half.ics: event a: EXDATE"),
    ];
    for (files, code, lines, told) in cases {
        let ran = run(folder.path(), &format!("{files} --json {NOW}")).await;
        assert_eq!((ran.code, ran.out.lines().count()), (code, lines), "{files}: {}", ran.err);
        assert!(ran.err.starts_with(told), "{files}: {}", ran.err);
        assert_eq!(ran.err.is_empty(), told.is_empty(), "{files}: {}", ran.err);
    }
}

#[tokio::test]
async fn json_names_each_reminder_with_all_its_fields() {
    let text = event(
        "UID:a\nSUMMARY:Tennis\nDTSTART;TZID=Europe/Madrid:20260714T180000\n\
         ATTENDEE:mailto:ann@example.com",
    );
    let folder = folder(&[("club.ics", &text)]);
    let ran = run(folder.path(), &format!("@club.ics --before 2h --json --list {NOW}")).await;
    let object: serde_json::Value = serde_json::from_str(&ran.out).expect("one object");
    assert_eq!(
        object,
        serde_json::json!({
            "file": "club.ics", "uid": "a", "summary": "Tennis",
            "start": "2026-07-14T16:00:00Z", "due": "2026-07-14T14:00:00Z",
            "expires": "2026-07-14T16:00:00Z", "state": "scheduled", "reason": null,
            "recipient": "ann@example.com",
        })
    );
}

#[tokio::test]
async fn running_sends_what_is_due_and_ends_when_nothing_is_left() {
    let text = event("UID:a\nDTSTART:20260714T160000Z\nATTENDEE:mailto:ann@example.com");
    let folder = folder(&[("club.ics", &text)]);
    let store = MemoryStore::new();
    let ran = run_on(store.clone(), folder.path(), &format!("@club.ics {NOW}")).await;
    assert_eq!(ran.mailbox.sent().len(), 0);
    let ran = run_on(store, folder.path(), "@club.ics --run --now 2026-07-13T16:00:00Z").await;
    assert_eq!(ran.code, 0);
    let sent = ran.mailbox.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].notification.message.text, "calendar_event");
}

#[tokio::test]
async fn events_of_the_past_are_listed_as_skipped() {
    let text = event("UID:a\nDTSTART:20200714T160000Z\nATTENDEE:mailto:ann@example.com");
    let folder = folder(&[("club.ics", &text)]);
    let ran = run(folder.path(), &format!("@club.ics {NOW}")).await;
    assert_eq!(ran.code, 0);
    let row = ran.out.lines().nth(1).expect("a row");
    assert!(row.contains("skipped"), "{row}");
    assert!(row.ends_with("its due time was already over when it was scheduled"), "{row}");
}
