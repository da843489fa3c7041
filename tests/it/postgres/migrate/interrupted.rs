//! A migration whose connection is cut at any of its statements goes on at the next call.

use puntual::store::{PoolerMode, PostgresStore, StoreErrorKind, TaskStore};

use super::{NEWEST, by_script, older, shape, steps};
use crate::postgres::execute;
use crate::servers::cutter::{Cut, Cutter};
use crate::servers::postgres::{Server, new_schema};

/// Back to nothing, and back to the version before.
const TO_NOTHING: &str = "drop schema if exists {} cascade";
const TO_TABLES: &str = "drop view if exists {}.scheduled_tasks, {}.notifications;
    delete from {}.schema_history where version > 1";

/// Cuts a migration at each statement of the step after version `from`, and finishes each; answers
/// at how many.
async fn cut_everywhere(server: &Server, from: u32, cut: Cut) -> usize {
    let pool = server.pool().await;
    let (wanted, before) = (by_script(&pool).await, older(&pool).await);
    let shapes = [String::new(), shape(&before).await, shape(&wanted).await];
    let (store, reset) = match from {
        0 => (PostgresStore::new(pool.clone()).with_schema(new_schema()), TO_NOTHING),
        _ => (before, TO_TABLES),
    };
    for statements in 0.. {
        let place = format!("{cut:?} statement {statements}, from schema {from}");
        execute(&store, reset).await;
        let cutter = Cutter::start(server, cut, statements);
        let behind = cutter.pool(server);
        let through = PostgresStore::new(behind.clone())
            .with_schema(store.schema().clone())
            .with_pooler_mode(PoolerMode::Session);
        let answer = through.migrate().await;
        behind.close().await;
        let has_cut = cutter.has_cut();
        if let Err(error) = answer {
            assert!(has_cut, "{place}: {error}");
            assert_eq!(error.kind(), StoreErrorKind::Transient, "{place}: {error}");
        }
        let found = store.probe().await.map_or(0, |probe| probe.schema);
        assert_eq!(shape(&store).await, shapes[found as usize], "whole steps: {place}");
        store.migrate().await.unwrap();
        assert_eq!(shape(&store).await, shapes[NEWEST as usize], "{place}");
        assert_eq!(steps(&store).await, "1 tables, 2 views", "{place}");
        // Cuts after it are those of the next step.
        if found > from {
            return statements;
        }
        assert!(has_cut && found == from, "{place}: schema {found}");
    }
    unreachable!("a migration ends")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_cut_before_any_of_its_statements_goes_on_at_the_next_call() {
    let server = Server::shared();
    for from in 0..NEWEST {
        let statements = cut_everywhere(&server, from, Cut::Before).await;
        assert!(statements > 10, "{statements} from schema {from}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_whose_answer_is_lost_at_any_of_its_statements_goes_on_at_the_next_call() {
    let server = Server::shared();
    for from in 0..NEWEST {
        let statements = cut_everywhere(&server, from, Cut::After).await;
        assert!(statements > 10, "{statements} from schema {from}");
    }
}
