//! Explanations of rows whose history or record is gone.

use super::*;
use crate::inspect::Standing;
use crate::task::{
    Body, Channel, Content, EmailAddress, Entropy, EntryId, HistoryEntry, Kind, NewTask, PersonKey,
    Recipient, Request, Subject, TaskBody, TaskId,
};
use crate::time::{EventTime, Trigger};

pub(in crate::inspect) fn around(now: DateTime<Utc>) -> Surroundings {
    Surroundings {
        now,
        breakers: Vec::new(),
        pauses: Vec::new(),
        suppressed: std::collections::HashMap::new(),
        paced: Vec::new(),
        running: None,
        trouble: None,
        environment: None,
        seal: None,
        tzdb: None,
    }
}

/// A row that is due now, at noon of 9 July, and expires an hour later.
pub(in crate::inspect) fn task() -> Task {
    let (now, entropy) = ("2026-07-09T12:00:00Z".parse().unwrap(), Entropy::seeded(1));
    let (id, entry) = (TaskId::new(now, &entropy), EntryId::new(now, &entropy));
    let entry = HistoryEntry::new(entry, id, now, What::Scheduled, TaskState::Scheduled);
    let event = EventTime::civil("2026-07-09T15:00", "Europe/Berlin").unwrap();
    let jane: EmailAddress = "jane@example.com".parse().unwrap();
    let request = Request::new(Recipient::from(jane), Content::Template("t".to_owned()));
    let trigger = Trigger::before(std::time::Duration::from_secs(3_600));
    let new = NewTask::new(
        id,
        Kind::new("reminder_1h").unwrap(),
        Subject::new("booking", 123),
        PersonKey::new("user 5").unwrap(),
        Channel::EMAIL,
        now,
        now + TimeDelta::hours(1),
        entry,
    );
    let body = Body::new(Some(event), trigger, request).encode(&new.data).unwrap();
    Task::from_new(now, &NewTask { body, recipient: "j***@e***.com".into(), ..new })
}

#[test]
fn a_row_in_any_state_is_explained_without_history_and_with_a_damaged_record() {
    let tzdb = TzDatabase::newest();
    for state in TaskState::ALL.into_iter().chain([TaskState::Unknown]) {
        let whole = task();
        let damaged = TaskBody::from_stored("{\"version\":1,\"gen".to_owned());
        let newer = TaskBody::from_stored("{\"version\":99}\nx".to_owned());
        for body in [whole.body.clone(), whole.body.blanked(), damaged, newer] {
            let mut task = Task { state, body, ..task() };
            if state.is_finished() {
                (task.wake_at, task.finished_at) = (None, Some(task.due_at));
            }
            let explanation = explained(&task, &[], &around(task.due_at), &tzdb);
            let answer = &explanation.verdict.sentence;
            assert!(answer.ends_with('.') && answer.len() > 20, "{state}: {answer}");
            assert!(explanation.to_string().contains("its history was erased"), "{explanation}");
            assert_eq!(
                explanation.blockers.is_empty(),
                state.is_finished() || {
                    let readable = task.body == whole.body;
                    readable && matches!(state, TaskState::Scheduled | TaskState::Sending)
                }
            );
        }
    }
}

#[test]
fn a_history_of_great_length_shows_its_end() {
    let task = task();
    let entry = |nth: usize| {
        let at = task.due_at + TimeDelta::seconds(i64::try_from(nth).unwrap());
        let id = EntryId::from_uuid(uuid::Uuid::from_u128(nth as u128));
        let entry = HistoryEntry::new(id, task.id, at, What::Deferred, TaskState::Scheduled);
        StoredEntry::new(entry, crate::task::Revision(nth as u64))
    };
    let history: Vec<StoredEntry> = (0..STEPS_MAX + 5).map(entry).collect();
    let shown = explained(&task, &history, &around(task.due_at), &TzDatabase::newest());
    assert_eq!((shown.timeline.len(), shown.steps_left_out), (STEPS_MAX, 5));
    assert_eq!(shown.timeline.last().unwrap().at, history.last().unwrap().entry.at);
    assert!(shown.to_string().contains("(5 older entries are not shown)"));
}

#[test]
fn an_attempt_without_answer_counts_for_its_own_generation_alone() {
    let tzdb = TzDatabase::newest();
    for (generation, standing) in [(1, Standing::PerhapsSent), (7, Standing::NotSent)] {
        let task = Task { state: TaskState::Expired, wake_at: None, ..task() };
        let entry = |what, state| {
            let id = EntryId::from_uuid(uuid::Uuid::from_u128(u128::from(what == What::Expired)));
            let mut entry = HistoryEntry::new(id, task.id, task.due_at, what, state);
            entry.generation = generation;
            StoredEntry::new(entry, crate::task::Revision(2))
        };
        let history = [
            entry(What::Uncertain, TaskState::Scheduled),
            entry(What::Expired, TaskState::Expired),
        ];
        let explanation = explained(&task, &history, &around(task.due_at), &tzdb);
        assert_eq!(explanation.verdict.standing, standing);
    }
}

#[test]
fn a_due_row_says_in_one_sentence_how_it_stands() {
    let tzdb = TzDatabase::newest();
    let late = TimeDelta::minutes(10);
    let seconds = TimeDelta::seconds;
    for (state, lease, standing, answer) in [
        (
            TaskState::Scheduled,
            None,
            Standing::Waiting,
            "Not sent yet: it is due, and taken up with the next round.",
        ),
        (
            TaskState::Sending,
            Some(seconds(-5)),
            Standing::Waiting,
            "Not known yet, its worker having given no answer: it is due, and taken up with the \
             next round.",
        ),
        (
            TaskState::Scheduled,
            Some(seconds(20)),
            Standing::UnderWay,
            "Under way: a worker has taken it; its lease ends at 2026-07-09 12:10:20 UTC (14:10:20 \
             Europe/Berlin), in 20 s.",
        ),
    ] {
        let mut task = Task { state, ..task() };
        let now = task.due_at + late;
        let claim = crate::task::ClaimId::from_uuid(uuid::Uuid::from_u128(1));
        task.lease = lease.map(|left| crate::task::Lease { claim, until: now + left });
        let verdict = explained(&task, &[], &around(now), &tzdb).verdict;
        assert_eq!((verdict.standing, verdict.sentence.as_str()), (standing, answer));
    }
}
