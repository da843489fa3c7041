//! The calls of the contract: each on a connection of the pool, in a task of its own.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;
use sqlx::{Connection, PgConnection};
use tokio::sync::watch;

use super::connections::Around;
use super::error::Sql;
use super::sql::Statements;
use super::{PoolerMode, PostgresStore, change, claim, encode, erase, insert, notes, query, rows};
use crate::store::check::check_batch;
use crate::store::{
    Change, ClaimRequest, Claimed, Condition, Erase, Extension, HistoryQuery, InsertOutcome, Note,
    NoteStore, NoteWrite, Probe, SentCount, SentQuery, StoreResult, StoreStats, StoredEntry,
    TaskQuery, TaskStore, WriteOutcome,
};
use crate::task::{NewTask, Task};

#[async_trait]
impl TaskStore for PostgresStore {
    async fn probe(&self) -> StoreResult<Probe> {
        let (probe, identity) = self
            .run("probe", |connection, statements| Box::pin(claim::probe(connection, statements)))
            .await?;
        // The first answer stays: a server that changes under a running process is another one.
        let _ = self.shared.identity.set(identity);
        Ok(probe)
    }

    async fn insert(
        &self,
        now: DateTime<Utc>,
        tasks: &[NewTask],
    ) -> StoreResult<Vec<InsertOutcome>> {
        check_batch(tasks)?;
        if tasks.is_empty() {
            return Ok(Vec::new());
        }
        let items: Arc<[NewTask]> = tasks.into();
        let outcomes = self
            .run("insert", move |connection, statements| {
                let items = Arc::clone(&items);
                Box::pin(async move { insert_whole(connection, statements, now, &items).await })
            })
            .await?;
        if tasks.iter().any(|new| encode::is_soon(now, new.wake_at)) {
            self.shared.wakes.announce(&self.shared.connections);
        }
        Ok(outcomes)
    }

    async fn claim(&self, now: DateTime<Utc>, request: &ClaimRequest) -> StoreResult<Claimed> {
        let identity = match self.shared.identity.get() {
            Some(identity) => identity.clone(),
            None => self.probe().await?.identity,
        };
        let asked = Arc::new((request.clone(), identity));
        let alone = Arc::clone(&self.shared.claiming).lock_owned().await;
        self.run("claim", move |connection, statements| {
            // Held as long as this closure lives: until the last try is committed, or given up.
            let _ = &alone;
            let asked = Arc::clone(&asked);
            Box::pin(async move {
                let (request, identity) = &*asked;
                claim::claim(connection, statements, now, request, identity).await
            })
        })
        .await
    }

    async fn extend(
        &self,
        now: DateTime<Utc>,
        extensions: &[Extension],
    ) -> StoreResult<Vec<WriteOutcome>> {
        if extensions.is_empty() {
            return Ok(Vec::new());
        }
        let items: Arc<[Extension]> = extensions.into();
        self.run("extend", move |connection, statements| {
            let items = Arc::clone(&items);
            Box::pin(async move { extend_whole(connection, statements, now, &items).await })
        })
        .await
    }

    async fn apply(
        &self,
        now: DateTime<Utc>,
        changes: &[Change],
    ) -> StoreResult<Vec<WriteOutcome>> {
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let items: Arc<[Change]> = changes.into();
        let outcomes = self
            .run("apply", move |connection, statements| {
                let items = Arc::clone(&items);
                Box::pin(async move { apply_whole(connection, statements, now, &items).await })
            })
            .await?;
        if changes.iter().any(|change| encode::wakes(now, change)) {
            self.shared.wakes.announce(&self.shared.connections);
        }
        Ok(outcomes)
    }

    async fn list(&self, query: &TaskQuery) -> StoreResult<Vec<Task>> {
        let query = query.clone();
        self.run("list", move |connection, statements| {
            let query = query.clone();
            Box::pin(async move { query::list(connection, statements, &query).await })
        })
        .await
    }

    async fn history(&self, query: &HistoryQuery) -> StoreResult<Vec<StoredEntry>> {
        let query = query.clone();
        self.run("history", move |connection, statements| {
            let query = query.clone();
            Box::pin(async move { query::history(connection, statements, &query).await })
        })
        .await
    }

    async fn count_sent(
        &self,
        now: DateTime<Utc>,
        query: &SentQuery,
    ) -> StoreResult<Vec<SentCount>> {
        let query = query.clone();
        self.run("count_sent", move |connection, statements| {
            let query = query.clone();
            Box::pin(async move { query::count_sent(connection, statements, now, &query).await })
        })
        .await
    }

    async fn erase(&self, now: DateTime<Utc>, what: &Erase, limit: u32) -> StoreResult<u64> {
        let what = what.clone();
        self.run("erase", move |connection, statements| {
            let what = what.clone();
            Box::pin(async move { erase::erase(connection, statements, now, &what, limit).await })
        })
        .await
    }

    async fn stats(&self, now: DateTime<Utc>) -> StoreResult<StoreStats> {
        let connections = &self.shared.connections;
        let counted = connections.run(Around::Snapshot, "stats", move |connection, statements| {
            Box::pin(query::stats(connection, statements, now))
        });
        counted.await
    }

    fn notes(&self) -> Option<&dyn NoteStore> {
        Some(self)
    }

    fn wakeups(&self) -> Option<watch::Receiver<u64>> {
        Some(self.shared.wakes.subscribe(&self.shared.connections))
    }

    async fn condition(&self) -> StoreResult<Condition> {
        let oldest_transaction_at = self
            .run("condition", |connection, statements| {
                Box::pin(async move {
                    let query = statements.oldest_transaction.query();
                    Ok(rows::instant(&query.fetch_one(connection).await?, 0))
                })
            })
            .await?;
        Ok(Condition {
            hears_others: self.shared.wakes.hears(),
            pooled: self.pooler_mode().map(|mode| mode == PoolerMode::Transaction),
            oldest_transaction_at,
        })
    }
}

#[async_trait]
impl NoteStore for PostgresStore {
    async fn read_notes(&self, names: &[String]) -> StoreResult<Vec<Option<Note>>> {
        let names = names.to_vec();
        self.run("read_notes", move |connection, statements| {
            let names = names.clone();
            Box::pin(async move { notes::read(connection, statements, &names).await })
        })
        .await
    }

    async fn write_note(&self, now: DateTime<Utc>, write: &NoteWrite) -> StoreResult<WriteOutcome> {
        let write = write.clone();
        self.run("write_note", move |connection, statements| {
            let write = write.clone();
            Box::pin(async move { notes::write(connection, statements, now, &write).await })
        })
        .await
    }

    async fn list_notes(&self, prefix: &str, limit: u32) -> StoreResult<Vec<Note>> {
        let prefix = prefix.to_owned();
        self.run("list_notes", move |connection, statements| {
            let prefix = prefix.clone();
            Box::pin(async move { notes::list(connection, statements, &prefix, limit).await })
        })
        .await
    }
}

impl PostgresStore {
    async fn run<T: Send + 'static>(
        &self,
        operation: &'static str,
        what: impl for<'c> Fn(&'c mut PgConnection, &'c Statements) -> BoxFuture<'c, Sql<T>>
        + Send
        + Sync
        + 'static,
    ) -> StoreResult<T> {
        self.shared.connections.run(Around::AsNeeded, operation, what).await
    }
}

/// Inserts all or nothing: what one statement takes needs no transaction around it.
async fn insert_whole(
    connection: &mut PgConnection,
    statements: &Statements,
    now: DateTime<Utc>,
    tasks: &[NewTask],
) -> Sql<Vec<InsertOutcome>> {
    let items: Vec<&NewTask> = tasks.iter().collect();
    if insert::parts(&items).len() == 1 {
        return insert::insert(connection, statements, now, &items).await;
    }
    let mut transaction = connection.begin().await?;
    let outcomes = insert::insert(&mut transaction, statements, now, &items).await?;
    transaction.commit().await?;
    Ok(outcomes)
}

async fn apply_whole(
    connection: &mut PgConnection,
    statements: &Statements,
    now: DateTime<Utc>,
    changes: &[Change],
) -> Sql<Vec<WriteOutcome>> {
    let items: Vec<&Change> = changes.iter().collect();
    let inserts = changes.iter().any(|change| !change.inserts.is_empty());
    if !inserts && change::parts(&items).len() == 1 {
        return change::apply(connection, statements, now, &items).await;
    }
    let mut transaction = connection.begin().await?;
    let outcomes = change::apply(&mut transaction, statements, now, &items).await?;
    transaction.commit().await?;
    Ok(outcomes)
}

async fn extend_whole(
    connection: &mut PgConnection,
    statements: &Statements,
    now: DateTime<Utc>,
    extensions: &[Extension],
) -> Sql<Vec<WriteOutcome>> {
    let items: Vec<&Extension> = extensions.iter().collect();
    if change::extension_parts(&items).len() == 1 {
        return change::extend(connection, statements, now, &items).await;
    }
    let mut transaction = connection.begin().await?;
    let outcomes = change::extend(&mut transaction, statements, now, &items).await?;
    transaction.commit().await?;
    Ok(outcomes)
}
