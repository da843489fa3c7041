//! The host's own transaction, in each of the forms that sqlx has, and several at once.

use puntual::store::{InsertOutcome, StoreErrorKind, TaskStore, TaskWrites, WriteOutcome};
use puntual::task::Entropy;
use sqlx::Connection;

use super::{answer, at, cancel, everything, execute, reminder};
use crate::servers::postgres::Server;

#[tokio::test]
async fn booking_and_reminder_are_stored_together_or_not_at_all() {
    let (server, entropy) = (Server::shared(), Entropy::seeded(1));
    let store = server.store().await;
    execute(&store, "create table {}.bookings (id text)").await;
    let insert = format!("insert into {}.bookings values ($1)", store.schema());
    for (commits, booking) in [(false, "1"), (true, "2")] {
        let new = reminder(&entropy, booking, at(60));
        let stored = store.list(&everything()).await.unwrap();
        let mut tx = store.pool().begin().await.unwrap();
        // Unprepared, as a host behind a pooler does.
        let booked = sqlx::query(sqlx::AssertSqlSafe(insert.clone())).persistent(false);
        let booked = booked.bind(booking);
        booked.execute(&mut *tx).await.unwrap();
        let mut writes = store.transaction(&mut tx);
        let inserted = writes.insert(at(5), std::slice::from_ref(&new)).await.unwrap();
        assert_eq!(inserted, [InsertOutcome::Inserted]);
        assert_eq!(store.list(&everything()).await.unwrap(), stored, "others do not see it yet");
        match commits {
            true => tx.commit().await.unwrap(),
            false => tx.rollback().await.unwrap(),
        }
        let bookings = answer(&store, "select count(*)::text from {}.bookings").await;
        assert_eq!(bookings, if commits { "1" } else { "0" });
        assert_eq!(store.list(&everything()).await.unwrap().len(), usize::from(commits));
    }
}

#[tokio::test]
async fn a_plain_connection_with_a_transaction_of_its_own_will_do() {
    let (server, entropy) = (Server::shared(), Entropy::seeded(1));
    let store = server.store().await;
    let options = server.options();
    let mut connection = sqlx::PgConnection::connect_with(&options).await.unwrap();
    for (end, stored) in [("rollback", 0), ("commit", 1)] {
        sqlx::raw_sql("begin").execute(&mut connection).await.unwrap();
        let new = [reminder(&entropy, "1", at(60))];
        store.transaction(&mut connection).insert(at(0), &new).await.unwrap();
        sqlx::raw_sql(end).execute(&mut connection).await.unwrap();
        assert_eq!(store.list(&everything()).await.unwrap().len(), stored, "{end}");
    }
    let mut tx = connection.begin().await.unwrap();
    let seen = store.transaction(&mut tx).list(&everything()).await.unwrap();
    assert_eq!(seen.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crossing_batches_of_two_hosts_do_not_deadlock() {
    let (server, entropy) = (Server::shared(), Entropy::seeded(1));
    let store = server.store().await;
    for round in 0..20 {
        let there: Vec<_> =
            (0..50).map(|n| reminder(&entropy, &format!("{round} {n}"), at(60))).collect();
        let back: Vec<_> =
            (0..50).rev().map(|n| reminder(&entropy, &format!("{round} {n}"), at(60))).collect();
        let hosts = [there, back].map(|batch| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut tx = store.pool().begin().await.unwrap();
                let outcomes = store.transaction(&mut tx).insert(at(0), &batch).await.unwrap();
                tx.commit().await.unwrap();
                outcomes.iter().filter(|one| **one == InsertOutcome::Inserted).count()
            })
        });
        let mut inserted = 0;
        for host in hosts {
            inserted += host.await.unwrap();
        }
        assert_eq!(inserted, 50, "one host stored all of them");
    }
}

#[tokio::test]
async fn a_host_that_reads_an_older_state_is_told_to_repeat() {
    let (server, entropy) = (Server::shared(), Entropy::seeded(1));
    let store = server.store().await;
    for (number, level) in ["repeatable read", "serializable"].into_iter().enumerate() {
        let new = reminder(&entropy, &number.to_string(), at(60));
        store.insert(at(0), std::slice::from_ref(&new)).await.unwrap();
        let begin = sqlx::AssertSqlSafe(format!("begin isolation level {level}"));
        let mut tx = store.pool().begin_with(begin).await.unwrap();
        let seen = store.transaction(&mut tx).list(&everything()).await.unwrap();
        let row = seen.into_iter().find(|task| task.id == new.id).unwrap();
        let written = store.apply(at(1), &[cancel(&entropy, &row)]).await.unwrap();
        assert!(matches!(written[..], [WriteOutcome::Written(_)]), "{written:?}");
        let late = store.transaction(&mut tx).apply(at(2), &[cancel(&entropy, &row)]).await;
        assert_eq!(late.unwrap_err().kind(), StoreErrorKind::Conflict, "{level}");
        // After an error every further call says the same, until the host rolls back.
        let after = store.transaction(&mut tx).list(&everything()).await;
        assert_eq!(after.unwrap_err().kind(), StoreErrorKind::Conflict, "{level}");
        tx.rollback().await.unwrap();
    }
}
