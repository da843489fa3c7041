//! What must be true in the end: of rows, histories and the receiver's journal together.

use std::collections::BTreeMap;

use puntual::Scheduler;
use puntual::chrono::{DateTime, Utc};
use puntual::store::{StoredEntry, TaskFilter, TaskStore, TaskStoreExt};
use puntual::task::{TaskId, TaskState, What};

use super::journal::Line;

/// Holds rows, histories and journal against each other, and prints the sums.
pub(crate) async fn check(
    scheduler: &Scheduler,
    store: &dyn TaskStore,
    journal: Vec<Line>,
    reminders: u32,
) {
    let mut lines: BTreeMap<TaskId, Vec<Line>> = BTreeMap::new();
    for line in journal {
        assert!(line.at >= line.due_at, "early: {line:?}");
        lines.entry(line.task).or_default().push(line);
    }
    let tasks = store.all(TaskFilter::default()).await.unwrap();
    assert_eq!(tasks.len(), reminders as usize, "nothing is lost");

    let mut counts: BTreeMap<TaskState, u32> = BTreeMap::new();
    let (mut repeated, mut uncertain) = (0, 0);
    for task in &tasks {
        let lines = lines.remove(&task.id).unwrap_or_default();
        let history = store.history_of(task.id).await.unwrap();
        *counts.entry(task.state).or_default() += 1;
        repeated += lines.len().saturating_sub(1);
        uncertain += history.iter().filter(|stored| stored.entry.what == What::Uncertain).count();
        check_repeats(&lines, &history);
        let ending = &history.last().unwrap().entry;
        assert_eq!(ending.state, task.state, "{history:?}");
        match task.state {
            TaskState::Sent => assert!(!lines.is_empty(), "it says sent, and nobody got it"),
            TaskState::Held => assert!(ending.reason.is_some(), "held without a reason"),
            state => panic!("a task that is {state} was not to be expected: {history:?}"),
        }
        assert_eq!(task.lease, None, "{task:?}");
        let explained = scheduler.explain(task.id).await.unwrap().unwrap();
        assert!(!explained.to_string().is_empty());
    }
    assert!(lines.is_empty(), "messages of no task: {lines:?}");

    let stats = scheduler.stats().await.unwrap();
    let created: u64 = stats.totals.values().sum();
    assert_eq!(created, u64::from(reminders), "created = pending + finished");
    for (state, count) in &counts {
        assert_eq!(stats.states[state], u64::from(*count), "{state}");
    }
    println!("{counts:?}, {uncertain} uncertain, {repeated} repeated, lost 0, early 0");
}

/// Between two messages of one task the history says that the first may have been lost.
fn check_repeats(lines: &[Line], history: &[StoredEntry]) {
    for pair in lines.windows(2) {
        assert_eq!(pair[0].key, pair[1].key, "a repeat has the same id");
        let between = |at: DateTime<Utc>| pair[0].at <= at && at <= pair[1].at;
        let said = (history.iter())
            .any(|stored| stored.entry.what == What::Uncertain && between(stored.entry.at));
        assert!(said, "sent twice, unsaid: {pair:?} {history:?}");
    }
}
