//! Postgres, SQLite and the reference in one world.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use puntual::store::{PostgresStore, TaskStore};
use sqlx::AssertSqlSafe;
use sqlx::postgres::PgPoolOptions;

use super::call::{Answer, Write, write_all};
use super::party::Party;
use super::run;
use super::sqlite::InFile;
use super::world::World;
use crate::servers::postgres::Server;

/// After so many sequences what they left in tables and indexes is thrown away: the server of the
/// tests does not vacuum.
const TRUNCATE_EVERY: u32 = 100;

/// A schema that every sequence begins anew.
struct InSchema {
    store: PostgresStore,
    cleared: u32,
}

impl InSchema {
    async fn new(server: &Server) -> InSchema {
        // Without what costs time and changes no answer: plans for each set of values, and a round
        // trip before each statement.
        let options = server.options().options([("plan_cache_mode", "force_generic_plan")]);
        let pool = PgPoolOptions::new().max_connections(4).test_before_acquire(false);
        let pool = pool.connect_with(options).await.unwrap();
        InSchema { store: server.store_on(&pool).await, cleared: 0 }
    }
}

#[async_trait]
impl Party for InSchema {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn store(&self) -> &dyn TaskStore {
        &self.store
    }

    async fn within(&self, now: DateTime<Utc>, writes: &[Write], commits: bool) -> Vec<Answer> {
        let mut transaction = self.store.pool().begin().await.unwrap();
        let (answers, good) =
            write_all(&mut self.store.transaction(&mut transaction), now, writes).await;
        match commits && good {
            true => transaction.commit().await.unwrap(),
            false => transaction.rollback().await.unwrap(),
        }
        answers
    }

    async fn clear(&mut self) {
        self.cleared += 1;
        let delete = "delete from {}.tasks; delete from {}.task_history; delete from {}.notes;
            delete from {}.counters;";
        let truncate = "truncate {}.tasks, {}.task_history, {}.notes, {}.counters;";
        let script = match self.cleared.is_multiple_of(TRUNCATE_EVERY) {
            true => truncate,
            false => delete,
        };
        let script = format!("{script} select setval('{{}}.note_revision', 1, false)");
        let script = AssertSqlSafe(script.replace("{}", self.store.schema().as_str()));
        sqlx::raw_sql(script).execute(self.store.pool()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_calls_are_answered_by_all_three_stores_alike() {
    let server = Server::shared();
    let world = async || {
        let postgres = InSchema::new(&server).await;
        World::of(vec![Box::new(InFile::new().await), Box::new(postgres)])
    };
    run("differential::postgres", 1_500, [world().await, world().await]).await;
}
