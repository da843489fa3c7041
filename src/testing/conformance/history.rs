//! `history`: orders and pages.

use super::bench::{Bench, at, due, micros};
use crate::store::{HistoryQuery, StoredEntry};
use crate::task::{Task, TaskId};
use crate::testing::{change, task_id};

/// Adds one entry at each of these instants, in this order.
async fn told(bench: &Bench, mut row: Task, microseconds: &[i64]) -> TaskId {
    for instant in microseconds {
        bench.apply(at(50), &[change(&row).at(micros(*instant)).build()]).await;
        row = bench.row(row.id).await;
    }
    row.id
}

fn sorted(mut entries: Vec<StoredEntry>) -> Vec<StoredEntry> {
    entries.sort_by_key(StoredEntry::place);
    entries
}

pub(super) async fn is_told_oldest_first_and_page_by_page(bench: &Bench) {
    let [first, second] = [bench.stored(due(0)).await, bench.stored(due(0)).await];
    let first = told(bench, first, &[9, 3, 3, 7, 1]).await;
    told(bench, second, &[2, 3, 8]).await;
    for (query, count) in
        [(HistoryQuery::of(first, 100), 6), (HistoryQuery::since(micros(0), 100), 10)]
    {
        let all = bench.history(&query).await;
        assert_eq!(all.len(), count);
        assert_eq!(all, sorted(all.clone()), "by instant, revision and entry");
        for limit in [1, 2, 3] {
            let mut query = HistoryQuery { limit, ..query.clone() };
            let mut walked = Vec::new();
            loop {
                let page = bench.history(&query).await;
                assert!(page.len() <= limit as usize);
                let Some(last) = page.last() else { break };
                query = query.after(last);
                walked.extend(page);
                assert!(walked.len() <= all.len(), "more than there is");
            }
            assert_eq!(walked, all, "{limit} at a time");
        }
    }
}

pub(super) async fn is_told_of_one_task_or_from_an_instant_on(bench: &Bench) {
    let [first, second] = [bench.stored(due(0)).await, bench.stored(due(0)).await];
    let first = told(bench, first, &[10, 20, 30]).await;
    let second = told(bench, second, &[20]).await;
    let tasks = |entries: &[StoredEntry]| -> Vec<_> {
        entries.iter().map(|stored| stored.entry.task).collect()
    };
    assert_eq!(tasks(&bench.history_of(first).await), vec![first; 4]);
    let from = HistoryQuery { from: Some(micros(20)), ..HistoryQuery::of(first, 100) };
    assert_eq!(bench.history(&from).await.len(), 2);
    let mut since = tasks(&bench.history(&HistoryQuery::since(micros(20), 100)).await);
    since.sort_unstable();
    let mut expected = vec![first, first, second];
    expected.sort_unstable();
    assert_eq!(since, expected);
    assert_eq!(bench.history_of(task_id(at(0))).await, [], "an unknown task has none");
    assert_eq!(bench.history(&HistoryQuery::of(first, 0)).await, []);
}
