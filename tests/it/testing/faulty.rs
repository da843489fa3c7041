//! The faulty store fails where it was told to, and nowhere else.

use chrono::{DateTime, Utc};
use puntual::store::{
    ClaimRequest, Erase, HistoryQuery, MemoryStore, NoteStore, NoteWrite, SentQuery,
    StoreErrorKind, StoreResult, TaskFilter, TaskQuery, TaskStore,
};
use puntual::testing::{self, Fault, FaultyStore, IntoInstant, Operation};

fn noon() -> DateTime<Utc> {
    "2026-07-10T12:00:00Z".into_instant()
}

/// Calls one operation with next to nothing.
async fn call(store: &FaultyStore<MemoryStore>, operation: Operation) -> StoreResult<()> {
    let notes: &dyn NoteStore = store.notes().expect("memory has notes");
    let now = noon();
    match operation {
        Operation::Probe => store.probe().await.map(drop),
        Operation::Insert => {
            store.insert(now, &[testing::new_task(now, "reminder").build()]).await.map(drop)
        }
        Operation::Claim => {
            let request = ClaimRequest::new(testing::claim_id(now), now, Vec::new());
            store.claim(now, &request).await.map(drop)
        }
        Operation::Extend => store.extend(now, &[]).await.map(drop),
        Operation::Apply => store.apply(now, &[]).await.map(drop),
        Operation::List => store.list(&TaskQuery::new(TaskFilter::default(), 1)).await.map(drop),
        Operation::History => store.history(&HistoryQuery::since(now, 1)).await.map(drop),
        Operation::Erase => store.erase(now, &Erase::FinishedBefore(now), 1).await.map(drop),
        Operation::Stats => store.stats(now).await.map(drop),
        Operation::CountSent => {
            let query = SentQuery::new(testing::claim_id(now), Vec::new());
            store.count_sent(now, &query).await.map(drop)
        }
        Operation::ReadNotes => notes.read_notes(&[]).await.map(drop),
        Operation::WriteNote => {
            notes.write_note(now, &NoteWrite::new("note", None, None)).await.map(drop)
        }
        Operation::ListNotes => notes.list_notes("", 1).await.map(drop),
        other => panic!("{other:?} is new here"),
    }
}

#[tokio::test]
async fn every_operation_can_fail_and_no_other_does() {
    for told in Operation::ALL {
        let store = FaultyStore::new(MemoryStore::new());
        store.inject(told, Fault::before(StoreErrorKind::Permanent));
        for operation in Operation::ALL {
            let answer = call(&store, operation).await;
            let kind = answer.err().map(|error| error.kind());
            let expected = (operation == told).then_some(StoreErrorKind::Permanent);
            assert_eq!(kind, expected, "{operation:?} where {told:?} was told to fail");
            assert_eq!(store.calls(operation), 1);
            assert_eq!(store.fired(operation), u64::from(operation == told));
        }
        assert!(call(&store, told).await.is_ok(), "once is once");
    }
}

#[tokio::test]
async fn a_fault_before_has_no_effect_and_one_after_has() {
    for (fault, stored) in [
        (Fault::before(StoreErrorKind::Transient), 0),
        (Fault::before(StoreErrorKind::Conflict), 0),
        (Fault::after(), 1),
    ] {
        let store = FaultyStore::new(MemoryStore::new());
        store.inject(Operation::Insert, fault);
        assert!(call(&store, Operation::Insert).await.is_err());
        let found = store.inner().stats(noon()).await.unwrap().entries;
        assert_eq!(found, stored, "{fault:?}");
    }
}

#[tokio::test]
async fn faults_skip_repeat_and_end_as_told() {
    let once = Fault::after();
    for (faults, expected) in [
        (vec![once], "x....."),
        (vec![once.skipping(2)], "..x..."),
        (vec![once.times(3)], "xxx..."),
        (vec![once.skipping(1).from_now_on()], ".xxxxx"),
        (vec![once.skipping(1), once.skipping(2).times(2)], ".x..xx"),
    ] {
        let store = FaultyStore::new(MemoryStore::new());
        for fault in &faults {
            store.inject(Operation::List, *fault);
        }
        let mut seen = String::new();
        for _ in 0..6 {
            let failed = call(&store, Operation::List).await.is_err();
            seen.push(if failed { 'x' } else { '.' });
        }
        assert_eq!(seen, expected, "{faults:?}");
    }
}

#[tokio::test]
async fn an_outage_ends_when_it_is_healed() {
    let store = FaultyStore::new(MemoryStore::new());
    store.fail_all();
    for operation in Operation::ALL {
        for _ in 0..3 {
            let error = call(&store, operation).await.unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Transient);
        }
    }
    store.heal();
    for operation in Operation::ALL {
        assert!(call(&store, operation).await.is_ok());
        assert_eq!((store.calls(operation), store.fired(operation)), (4, 3));
    }
}
