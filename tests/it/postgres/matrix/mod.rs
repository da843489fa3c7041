//! Every fault at every statement of one script: the caller learns what to do, does it, and what
//! is stored in the end is the same.

mod script;

use std::sync::Arc;

use puntual::store::{PostgresStore, StoreError, StoreErrorKind};
use sqlx::postgres::PgPoolOptions;

use self::script::{Told, run};
use crate::servers::postgres::Server;
use crate::servers::proxy::{Fault, Proxy};

/// No script is that long: the loop over its statements ends by itself.
const STATEMENTS_MAX: usize = 200;

/// Stores in one schema: one whose only connection goes through the proxy, one that goes past it.
struct Scene {
    _server: Arc<Server>,
    proxy: Proxy,
    store: PostgresStore,
    looking: PostgresStore,
    runs: u64,
    undisturbed: String,
}

impl Scene {
    async fn new(isolation: &str) -> Scene {
        let server = Server::shared();
        let (looking, proxy) = (server.store().await, Proxy::start(&server).await);
        let options = proxy.options().options([("default_transaction_isolation", isolation)]);
        let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(options);
        let store = PostgresStore::new(pool).with_schema(looking.schema().clone());
        let mut scene =
            Scene { _server: server, proxy, store, looking, runs: 0, undisturbed: String::new() };
        let told = scene.run().await;
        assert!(told.errors.is_empty(), "{:?}", told.errors);
        scene.undisturbed = told.stored;
        scene
    }

    async fn run(&mut self) -> Told {
        self.runs += 1;
        run(&self.store, &self.looking, self.runs).await
    }

    /// Runs the script again and again, with the fault at the first, second, .. statement, and
    /// says how often it fired.
    async fn check(&mut self, fault: Fault, check: impl Fn(&Told)) -> usize {
        for nth in 0..STATEMENTS_MAX {
            self.proxy.fail(nth, fault);
            let told = self.run().await;
            if !self.proxy.has_fired() {
                assert!(told.errors.is_empty(), "nothing fired: {:?}", told.errors);
                return nth;
            }
            assert_eq!(told.stored, self.undisturbed, "{fault:?} at statement {nth}");
            check(&told);
        }
        panic!("a script of more than {STATEMENTS_MAX} statements");
    }
}

/// Cuts the connection at every statement, in one way.
async fn check_cuts(fault: Fault) {
    let mut scene = Scene::new("read committed").await;
    let cases = scene.check(fault, |told| {
        // One cut is one error at most: the pool has another connection for the next call.
        assert!(told.errors.len() <= 1, "{told:?}");
        let transient = |error: &StoreError| error.kind() == StoreErrorKind::Transient;
        assert!(told.errors.iter().all(transient), "{told:?}");
    });
    let cases = cases.await;
    println!("{fault:?}: {cases} cuts");
    assert!(cases > 60, "{cases}");
}

#[tokio::test]
async fn a_connection_cut_before_a_statement_is_sent_loses_and_doubles_nothing() {
    check_cuts(Fault::BeforeSend).await;
}

#[tokio::test]
async fn a_connection_cut_after_a_statement_is_sent_loses_and_doubles_nothing() {
    check_cuts(Fault::AfterSend).await;
}

#[tokio::test]
async fn a_connection_cut_in_the_middle_of_an_answer_loses_and_doubles_nothing() {
    check_cuts(Fault::MidAnswer).await;
}

#[tokio::test]
async fn a_connection_cut_after_an_answer_loses_and_doubles_nothing() {
    check_cuts(Fault::AfterAnswer).await;
}

#[tokio::test]
async fn a_statement_that_lost_a_race_is_repeated_at_once_and_the_caller_never_hears_of_it() {
    for (isolation, code) in [("serializable", "40001"), ("repeatable read", "40P01")] {
        let mut scene = Scene::new(isolation).await;
        let cases = scene.check(Fault::Refused(code), |told| {
            // Only a transaction of its own is the caller's to repeat.
            assert_eq!(told.errors.len(), told.errors_in_transaction, "{told:?}");
            assert!(told.errors.len() <= 1, "{told:?}");
            let conflict = |error: &StoreError| error.kind() == StoreErrorKind::Conflict;
            assert!(told.errors.iter().all(conflict), "{told:?}");
        });
        let cases = cases.await;
        println!("{code} at {cases} statements, {isolation}");
        assert!(cases > 20, "{cases}");
    }
}
