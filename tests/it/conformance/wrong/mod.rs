//! The suite is strict: a store that is wrong in one thing fails the cases of that clause.

mod notes;
mod store;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use puntual::store::{MemoryStore, TaskStore, TaskWrites};
use puntual::task::TaskId;
use puntual::testing::conformance::{Case, Hold, HostTransaction, StoreHarness, cases};

use self::store::Wrong;
use super::memory::{InMemory, Open};

/// One thing that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Twist {
    AnswersReversed,
    EmptyRefused,
    TakenOverwritten,
    TakenHidden,
    GoodItemsStored,
    BadItemNameless,
    LeasesIgnored,
    ClaimedEarly,
    OneTooMany,
    UnfinishedClaimsForgotten,
    ClaimUnsorted,
    SuspectsTogether,
    RepeatTakesMore,
    NextWakeOff,
    NextWakeForgotten,
    NextWakeOfEverything,
    RevisionIgnored,
    ClaimIdIgnored,
    OneLoserFailsAll,
    BadItemFailsAll,
    KeepClears,
    ClearKeeps,
    InsertsDropped,
    FinishForgotten,
    HandOffUnmarked,
    RenewalMarks,
    OverLeaseLost,
    RepeatWrittenTwice,
    RepeatIsStale,
    BadBatchTransient,
    ChangeTornApart,
    ClockOfItsOwn,
    IdentityOfTheMoment,
    Milliseconds,
    EmojiLost,
    BodiesTrimmed,
    LatenessRounded,
    BusyIsStale,
    BusyFailsAll,
    LockedRowsForgotten,
    LongTextRefused,
    DurabilityInvented,
    PendingErased,
    EraseLimitIgnored,
    ErasedUncounted,
    EmptyIdsMeanAll,
    AlwaysByIds,
    FirstPageOnly,
    NewestFirst,
    FromIgnored,
    OverdueMiscounted,
    OthersOverlooked,
    NotesOverwritten,
    NeverTicks,
    RollbackCommits,
}

/// Every twist, and the groups of cases that must catch it.
const TWISTS: &[(Twist, &[&str])] = &[
    (Twist::AnswersReversed, &["answers"]),
    (Twist::EmptyRefused, &["answers"]),
    (Twist::TakenOverwritten, &["insert"]),
    (Twist::TakenHidden, &["insert", "answers"]),
    (Twist::GoodItemsStored, &["insert"]),
    (Twist::BadItemNameless, &["insert"]),
    (Twist::LeasesIgnored, &["claim", "next_wake"]),
    (Twist::ClaimedEarly, &["claim"]),
    (Twist::OneTooMany, &["claim"]),
    (Twist::UnfinishedClaimsForgotten, &["claim_writes"]),
    (Twist::ClaimUnsorted, &["claim_writes"]),
    (Twist::SuspectsTogether, &["claim_writes"]),
    (Twist::RepeatTakesMore, &["claim_writes", "kinds"]),
    (Twist::NextWakeOff, &["next_wake"]),
    (Twist::NextWakeForgotten, &["next_wake"]),
    (Twist::NextWakeOfEverything, &["next_wake"]),
    (Twist::RevisionIgnored, &["races"]),
    (Twist::ClaimIdIgnored, &["races", "extend"]),
    (Twist::OneLoserFailsAll, &["races"]),
    (Twist::BadItemFailsAll, &["races"]),
    (Twist::KeepClears, &["changes"]),
    (Twist::ClearKeeps, &["changes", "extend"]),
    (Twist::InsertsDropped, &["changes"]),
    (Twist::FinishForgotten, &["changes"]),
    (Twist::HandOffUnmarked, &["extend"]),
    (Twist::RenewalMarks, &["extend"]),
    (Twist::OverLeaseLost, &["extend"]),
    (Twist::RepeatWrittenTwice, &["repeats"]),
    (Twist::RepeatIsStale, &["repeats"]),
    (Twist::BadBatchTransient, &["kinds"]),
    (Twist::ChangeTornApart, &["kinds"]),
    (Twist::ClockOfItsOwn, &["same_answers"]),
    (Twist::IdentityOfTheMoment, &["same_answers"]),
    (Twist::Milliseconds, &["exact"]),
    (Twist::EmojiLost, &["exact"]),
    (Twist::BodiesTrimmed, &["exact"]),
    (Twist::LatenessRounded, &["exact"]),
    (Twist::BusyIsStale, &["no_waiting"]),
    (Twist::BusyFailsAll, &["no_waiting"]),
    (Twist::LockedRowsForgotten, &["no_waiting"]),
    (Twist::LongTextRefused, &["failure_text"]),
    (Twist::DurabilityInvented, &["durability"]),
    (Twist::PendingErased, &["erase"]),
    (Twist::EraseLimitIgnored, &["erase"]),
    (Twist::ErasedUncounted, &["erase"]),
    (Twist::EmptyIdsMeanAll, &["pages"]),
    (Twist::AlwaysByIds, &["pages"]),
    (Twist::FirstPageOnly, &["pages"]),
    (Twist::NewestFirst, &["history"]),
    (Twist::FromIgnored, &["history"]),
    (Twist::OverdueMiscounted, &["stats"]),
    (Twist::OthersOverlooked, &["stats"]),
    (Twist::NotesOverwritten, &["notes"]),
    (Twist::NeverTicks, &["wakeups"]),
    (Twist::RollbackCommits, &["transactions"]),
];

struct InWrong {
    twist: Twist,
    memory: InMemory,
}

impl InWrong {
    fn new(twist: Twist) -> InWrong {
        InWrong { twist, memory: InMemory::default() }
    }

    fn wrong(&self, inner: MemoryStore) -> Arc<dyn TaskStore> {
        Arc::new(Wrong::new(inner, self.twist))
    }
}

#[async_trait]
impl StoreHarness for InWrong {
    async fn store(&self) -> Arc<dyn TaskStore> {
        self.memory.store().await;
        self.wrong(self.memory.last())
    }

    /// Memory that calls itself durable and comes back empty.
    async fn reopen(&self) -> Option<Arc<dyn TaskStore>> {
        Some(self.wrong(MemoryStore::new()))
    }

    async fn hold_row(&self, task: TaskId) -> Option<Box<dyn Hold>> {
        self.memory.hold_row(task).await
    }

    async fn begin(&self) -> Option<Box<dyn HostTransaction>> {
        let open = self.memory.open();
        match self.twist {
            Twist::RollbackCommits => Some(Box::new(NeverRollsBack(open))),
            _ => Some(Box::new(open)),
        }
    }

    fn patience(&self) -> Duration {
        Duration::ZERO
    }
}

struct NeverRollsBack(Open);

#[async_trait]
impl HostTransaction for NeverRollsBack {
    fn writes(&mut self) -> Box<dyn TaskWrites + '_> {
        self.0.writes()
    }

    async fn commit(self: Box<Self>) {
        Box::new(self.0).commit().await;
    }

    async fn rollback(self: Box<Self>) {
        Box::new(self.0).commit().await;
    }
}

/// Whether a case panics on a store with this twist.
async fn catches(case: &'static Case, twist: Twist) -> bool {
    let run = tokio::spawn(case.run(Arc::new(InWrong::new(twist))));
    run.await.is_err_and(|error| error.is_panic())
}

#[tokio::test]
async fn every_wrong_store_fails_the_cases_of_its_clause() {
    let mut missed = Vec::new();
    for (twist, groups) in TWISTS {
        for group in *groups {
            let mut caught = false;
            for case in cases().iter().filter(|case| case.group() == *group) {
                caught = caught || catches(case, *twist).await;
            }
            if !caught {
                missed.push((twist, group));
            }
        }
    }
    assert!(missed.is_empty(), "these pass as right: {missed:?}");
}

#[test]
fn every_clause_has_a_wrong_store() {
    let twisted: BTreeSet<&str> = TWISTS.iter().flat_map(|(_, groups)| *groups).copied().collect();
    let groups: BTreeSet<&str> = cases().iter().map(Case::group).collect();
    assert_eq!(twisted, groups);
    let clauses: BTreeSet<u8> = cases().iter().filter_map(Case::clause).collect();
    assert_eq!(clauses, (1..=15).collect());
}
