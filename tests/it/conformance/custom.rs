//! A store written outside the crate keeps the contract: the one of `examples/custom_store.rs`.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use puntual::store::TaskStore;
use puntual::testing::conformance::{Case, StoreHarness, not_applicable, run};

#[path = "../../../examples/custom_store.rs"]
pub(crate) mod custom_store;

puntual::testing::task_store_conformance!(suite, InVec);

struct InVec;

#[async_trait]
impl StoreHarness for InVec {
    async fn store(&self) -> Arc<dyn TaskStore> {
        Arc::new(custom_store::VecStore::default())
    }
}

/// The same, and writes down what it hears of cases that do not apply.
#[derive(Default)]
struct Listening(Mutex<Vec<String>>);

#[async_trait]
impl StoreHarness for Listening {
    async fn store(&self) -> Arc<dyn TaskStore> {
        InVec.store().await
    }

    fn left_out(&self, case: &Case, why: &'static str) {
        self.0.lock().unwrap().push(format!("{case:?}: {why}"));
    }
}

#[tokio::test]
async fn a_harness_hears_of_the_cases_that_do_not_apply_and_of_no_other() {
    let harness = Arc::new(Listening::default());
    for (group, name) in [
        ("claim", "takes_what_is_due_and_nothing_else"),
        ("notes", "the_seal_comes_with_the_probe"),
    ] {
        run(group, name, harness.clone()).await;
    }
    let heard = harness.0.lock().unwrap();
    assert_eq!(*heard, ["notes::the_seal_comes_with_the_probe: the store keeps no notes"]);
}

#[tokio::test]
async fn what_the_smallest_store_leaves_out_does_not_apply() {
    let absent = not_applicable(Arc::new(InVec)).await;
    let groups: BTreeSet<_> = absent.iter().map(|(case, _)| case.group()).collect();
    let expected = ["durability", "kinds", "no_waiting", "notes", "transactions", "wakeups"];
    assert_eq!(groups, BTreeSet::from(expected));
}

#[test]
fn the_example_sends_its_message() {
    custom_store::main().unwrap();
}
