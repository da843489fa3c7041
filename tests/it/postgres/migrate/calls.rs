//! Every call of the store once: for schemas and connections on which they must go on as ever.

use chrono::TimeDelta;
use puntual::store::{
    Erase, Extension, HistoryQuery, InsertOutcome, LeaseChange, NoteWrite, PostgresStore,
    TaskStore, TaskWrites, WriteOutcome,
};
use puntual::task::{Entropy, Revision, TaskState, What};

use crate::postgres::{at, cancel, claim, entry, everything, reminder};

/// Every call, on an empty store; each must answer as it always does.
pub(super) async fn every_call(store: &PostgresStore) {
    let entropy = Entropy::seeded(1);
    let new: Vec<_> = (0..3).map(|n| reminder(&entropy, &n.to_string(), at(n))).collect();
    for _ in 0..2 {
        let inserted = store.insert(at(0), &new).await.unwrap();
        assert_eq!(inserted, vec![InsertOutcome::Inserted; 3]);
    }
    let request = claim(&entropy, at(5), 10);
    let claimed = store.claim(at(5), &request).await.unwrap();
    assert_eq!((claimed.tasks.len(), claimed.next_wake_at), (3, Some(at(35))));
    let again = store.claim(at(5), &request.clone().repeated()).await.unwrap();
    assert_eq!(again.tasks, claimed.tasks);

    let extension = Extension::new(new[0].id, request.claim, at(60)).with_hand_off();
    let handed_off = store.extend(at(6), &[extension]).await.unwrap();
    assert_eq!(handed_off, [WriteOutcome::Written(Revision(3))]);
    let mut sent = cancel(&entropy, &claimed.tasks[1]);
    (sent.state, sent.lease) = (TaskState::Sent, LeaseChange::Clear);
    sent.entry = entry(&entropy, new[1].id, What::Sent, TaskState::Sent);
    sent.entry.attempt = 1;
    sent.entry.lateness = Some(TimeDelta::milliseconds(2_500));
    sent.inserts = vec![reminder(&entropy, "fallback", at(90))];
    for _ in 0..2 {
        let outcomes = store.apply(at(7), std::slice::from_ref(&sent)).await.unwrap();
        assert_eq!(outcomes, [WriteOutcome::Written(Revision(3))]);
    }
    let mut tx = store.pool().begin().await.unwrap();
    let late = [reminder(&entropy, "in a transaction", at(95))];
    store.transaction(&mut tx).insert(at(8), &late).await.unwrap();
    tx.commit().await.unwrap();

    assert_eq!(store.list(&everything()).await.unwrap().len(), 5);
    let history = store.history(&HistoryQuery::since(at(0), 100)).await.unwrap();
    assert_eq!(history.len(), 6);
    let stats = store.stats(at(8)).await.unwrap();
    assert_eq!((stats.entries, stats.overdue, stats.leased), (6, 2, 2));
    let notes = store.notes().unwrap();
    for (revision, text) in [(1, "production"), (2, "staging")] {
        let seen = notes.list_notes("se", 10).await.unwrap();
        let write = NoteWrite::new("seal", seen.first(), Some(text.to_owned()));
        let written = notes.write_note(at(8), &write).await.unwrap();
        assert_eq!(written, WriteOutcome::Written(Revision(revision)));
        assert_eq!(store.probe().await.unwrap().seal.as_deref(), Some(text));
    }
    assert_eq!(store.erase(at(9), &Erase::BodiesBefore(at(9)), 10).await.unwrap(), 1);
}
