//! A store written outside the crate keeps the contract: the one of `examples/custom_store.rs`.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use puntual::store::TaskStore;
use puntual::testing::conformance::{StoreHarness, not_applicable};

#[path = "../../../examples/custom_store.rs"]
mod custom_store;

puntual::testing::task_store_conformance!(suite, InVec);

struct InVec;

#[async_trait]
impl StoreHarness for InVec {
    async fn store(&self) -> Arc<dyn TaskStore> {
        Arc::new(custom_store::VecStore::default())
    }
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
