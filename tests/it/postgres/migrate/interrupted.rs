//! A migration whose connection is cut at any of its statements goes on at the next call.

use puntual::store::{PostgresStore, StoreErrorKind, TaskStore};

use super::{NEWEST, by_script, older, shape, steps};
use crate::postgres::execute;
use crate::servers::cutter::{Cut, Cutter};
use crate::servers::postgres::{Server, new_schema};

/// Cuts a migration at each of its statements, and finishes each; answers how many there were.
async fn cut_everywhere(server: &Server, from: u32, cut: Cut) -> usize {
    let pool = server.pool().await;
    let (wanted, before) = (by_script(&pool).await, older(&pool).await);
    let shapes = ["".to_owned(), shape(&before).await, shape(&wanted).await];
    for statements in 0.. {
        let store = match from {
            0 => PostgresStore::new(pool.clone()).with_schema(new_schema()),
            _ => older(&pool).await,
        };
        let cutter = Cutter::start(server, cut, statements);
        let behind = cutter.pool(server);
        let through = PostgresStore::new(behind.clone()).with_schema(store.schema().clone());
        let answer = through.migrate().await;
        behind.close().await;
        if !cutter.has_cut() {
            answer.unwrap();
            return statements;
        }
        if let Err(error) = answer {
            assert_eq!(error.kind(), StoreErrorKind::Transient, "{error}");
        }
        let found = store.probe().await.map_or(0, |probe| probe.schema);
        assert!((from..=NEWEST).contains(&found), "schema {found}");
        let place = format!("{cut:?} statement {statements}, from {from}");
        assert_eq!(shape(&store).await, shapes[found as usize], "whole steps: {place}");
        store.migrate().await.unwrap();
        assert_eq!(shape(&store).await, shapes[NEWEST as usize], "{place}");
        assert_eq!(steps(&store).await, "1 tables, 2 views", "{place}");
        execute(&store, "drop schema {} cascade").await;
    }
    unreachable!("a migration ends")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_cut_before_any_of_its_statements_goes_on_at_the_next_call() {
    let server = Server::shared();
    let (whole, rest) = tokio::join!(
        cut_everywhere(&server, 0, Cut::Before),
        cut_everywhere(&server, 1, Cut::Before)
    );
    assert!(whole > rest && rest >= 10, "statements: {whole} from nothing, {rest} from tables");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_whose_answer_is_lost_at_any_of_its_statements_goes_on_at_the_next_call() {
    let server = Server::shared();
    let (whole, rest) = tokio::join!(
        cut_everywhere(&server, 0, Cut::After),
        cut_everywhere(&server, 1, Cut::After)
    );
    assert!(whole > rest && rest >= 10, "statements: {whole} from nothing, {rest} from tables");
}
