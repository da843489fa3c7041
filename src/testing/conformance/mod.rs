//! The contract of [`TaskStore`] as tests: one list of cases that every store runs.
//!
//! A store's author writes a [`StoreHarness`] and one line:
//!
//! ```
//! # fn main() {}
//! use std::sync::Arc;
//!
//! use async_trait::async_trait;
//! use puntual::store::{MemoryStore, TaskStore};
//! use puntual::testing::conformance::StoreHarness;
//!
//! struct InMemory;
//!
//! #[async_trait]
//! impl StoreHarness for InMemory {
//!     async fn store(&self) -> Arc<dyn TaskStore> {
//!         Arc::new(MemoryStore::new())
//!     }
//! }
//!
//! puntual::testing::task_store_conformance!(in_memory, InMemory);
//! ```
//!
//! Each case becomes a `#[tokio::test]` of its own, in a module of its clause:
//! `in_memory::claim::takes_what_is_due_and_nothing_else`. A case that needs an ability which the
//! harness lacks is told to the harness ([`left_out`](StoreHarness::left_out)), which prints
//! `not applicable: ..` and why; [`not_applicable`] lists them.

mod answers;
mod bench;
mod changes;
mod claim;
mod claim_writes;
mod durability;
mod erase;
mod exact;
mod extend;
mod failure_text;
mod history;
mod insert;
mod kinds;
#[macro_use]
mod list;
mod next_wake;
mod no_waiting;
mod notes;
mod pages;
mod races;
mod repeats;
mod same_answers;
mod stats;
mod transactions;
mod wakeups;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use self::bench::Bench;
use crate::store::{TaskStore, TaskWrites};
use crate::task::TaskId;

#[doc(inline)]
pub use task_store_conformance;
#[doc(hidden)]
pub use {__conformance_list, __conformance_tests};

/// How the suite gets at a store under test. Each case makes a harness of its own.
///
/// Only [`store`](StoreHarness::store) must be written; cases that need one of the other abilities
/// are reported as not applicable where it is missing.
#[async_trait]
pub trait StoreHarness: Send + Sync + 'static {
    /// A fresh, empty store at each call. The other calls are about the one that was given last.
    async fn store(&self) -> Arc<dyn TaskStore>;

    /// The same data opened again, as a process does after it was killed: nothing may be handed
    /// over but what is on disk.
    async fn reopen(&self) -> Option<Arc<dyn TaskStore>> {
        None
    }

    /// Holds one row in an open transaction elsewhere, as an uncommitted cancel does. A store that
    /// locks as a whole cannot.
    async fn hold_row(&self, task: TaskId) -> Option<Box<dyn Hold>> {
        let _ = task;
        None
    }

    /// Begins a transaction of the host, for what the engine does `within` it.
    async fn begin(&self) -> Option<Box<dyn HostTransaction>> {
        None
    }

    /// Hears of a case that does not apply, and what it would need; says so on standard output.
    ///
    /// A harness that knows what its store lacks panics at every other case, so that none drops out
    /// unseen.
    fn left_out(&self, case: &Case, why: &'static str) {
        println!("not applicable: {case:?}: {why}");
    }

    /// How long a case waits for what must come by itself, such as a wake-up: 10 s, which a
    /// store that works does not use up.
    fn patience(&self) -> Duration {
        Duration::from_secs(10)
    }
}

/// A row that is held elsewhere.
#[async_trait]
pub trait Hold: Send {
    /// Lets go of it, with nothing changed.
    async fn release(self: Box<Self>);
}

/// An open transaction of the host.
#[async_trait]
pub trait HostTransaction: Send {
    /// What the store's `transaction` makes of it.
    fn writes(&mut self) -> Box<dyn TaskWrites + '_>;

    /// Commits it.
    async fn commit(self: Box<Self>);

    /// Rolls it back.
    async fn rollback(self: Box<Self>);
}

/// One case of the suite.
pub struct Case {
    clause: Option<u8>,
    group: &'static str,
    name: &'static str,
    run: fn(Bench) -> Running,
}

type Running = Pin<Box<dyn Future<Output = Verdict> + Send>>;

impl Case {
    /// The clause of [`TaskStore`] that it holds a store to; `None` for what stands beside the
    /// clauses: pages, history, counts, notes, wake-ups, transactions.
    pub fn clause(&self) -> Option<u8> {
        self.clause
    }

    /// The group it belongs to: the module of its test.
    pub fn group(&self) -> &'static str {
        self.group
    }

    /// Its name, a sentence.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Runs it on a store of `harness`.
    ///
    /// # Panics
    ///
    /// The store breaks the contract.
    pub async fn run(&self, harness: Arc<dyn StoreHarness>) -> Verdict {
        let bench = Bench::new(harness).await;
        (self.run)(bench).await
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.group, self.name)
    }
}

/// How a case ended that did not panic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The store keeps to it.
    Kept,
    /// It needs what the store or its harness does not have.
    NotApplicable(&'static str),
}

impl From<()> for Verdict {
    fn from((): ()) -> Verdict {
        Verdict::Kept
    }
}

/// What a case answers that may lack an ability.
impl From<Result<(), Verdict>> for Verdict {
    fn from(answer: Result<(), Verdict>) -> Verdict {
        answer.err().unwrap_or(Verdict::Kept)
    }
}

macro_rules! table {
    ([] $($clause:expr, $group:ident { $($case:ident;)* })*) => {
        const CASES: &[Case] = &[$($(Case {
            clause: $clause,
            group: stringify!($group),
            name: stringify!($case),
            run: |bench| Box::pin(async move { Verdict::from($group::$case(&bench).await) }),
        },)*)*];
    };
}

__conformance_list!([table] []);

/// Every case, clause by clause.
pub fn cases() -> &'static [Case] {
    CASES
}

/// Runs one case by its names, and tells the harness if it does not apply: the body of each test
/// that [`task_store_conformance!`] writes.
///
/// # Panics
///
/// The store breaks the contract, there is no such case, or it does not apply and the harness
/// insists that it does.
pub async fn run(group: &str, name: &str, harness: Arc<dyn StoreHarness>) {
    let Some(case) = CASES.iter().find(|case| case.group == group && case.name == name) else {
        panic!("the suite has no case {group}::{name}");
    };
    if let Verdict::NotApplicable(why) = case.run(harness.clone()).await {
        harness.left_out(case, why);
    }
}

/// Runs everything, and lists the cases that do not apply with what they would need.
///
/// It takes as long as all tests of the suite together; for a store whose tests are slow,
/// [`StoreHarness::left_out`] tells the same test by test.
///
/// # Panics
///
/// The store breaks the contract.
pub async fn not_applicable(harness: Arc<dyn StoreHarness>) -> Vec<(&'static Case, &'static str)> {
    let mut found = Vec::new();
    for case in CASES {
        if let Verdict::NotApplicable(why) = case.run(harness.clone()).await {
            found.push((case, why));
        }
    }
    found
}
