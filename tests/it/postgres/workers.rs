//! Many engines in one process, on one database, whatever isolation its transactions have.

use std::time::Duration;

use puntual::Reminders;
use puntual::scheduler::SchedulerHandle;
use puntual::store::{PostgresStore, TaskFilter, TaskStoreExt};
use puntual::task::Revision;
use puntual::time::SystemClock;
use sqlx::postgres::PgPoolOptions;

use super::mailbox::Mailbox;
use crate::killed::{builder, check, reminders, until, until_all_done};
use crate::servers::postgres::Server;

const REMINDERS: u32 = 120;

/// Nobody claims what another has: each row is inserted, claimed, handed off and recorded, and has
/// been written four times. One engine stops in the middle of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_engines_share_the_work_under_every_isolation_and_no_task_is_claimed_twice() {
    println!("engines  isolation        messages of each");
    for (count, isolation) in
        [(2, "serializable"), (4, "repeatable read"), (8, "read committed"), (8, "serializable")]
    {
        let (server, clock) = (Server::shared(), SystemClock::new());
        let store = server.store().await;
        let mut engines: Vec<(SchedulerHandle, Mailbox)> = Vec::new();
        for _ in 0..count {
            let options = server.options().options([("default_transaction_isolation", isolation)]);
            let pool = PgPoolOptions::new().max_connections(4).connect_lazy_with(options);
            let own = PostgresStore::new(pool).with_schema(store.schema().clone());
            let mailbox = Mailbox::new();
            let engine = builder(own, mailbox.clone()).build().unwrap();
            engines.push((engine.start(), mailbox));
        }
        let asking = builder(store.clone(), Mailbox::new()).build().unwrap();
        asking.schedule_all(reminders(&clock, 0..REMINDERS)).await.unwrap();
        let busy = || engines.iter().position(|(_, mailbox)| mailbox.came() > 0);
        until(&clock, "one of them has work", async || busy().is_some()).await;
        let busy = busy().expect("what came does not go again");
        let (stopped, mailbox) = engines.swap_remove(busy);
        stopped.shutdown(Duration::from_secs(10)).await;
        let mut lines = mailbox.lines();
        until_all_done(&clock, &store).await;
        let mut of_each = vec![lines.len()];
        for (handle, mailbox) in engines {
            handle.shutdown(Duration::from_secs(10)).await;
            of_each.push(mailbox.lines().len());
            lines.extend(mailbox.lines());
        }
        println!("{count:>7}  {isolation:<15}  {of_each:?}");
        assert_eq!(lines.len(), REMINDERS as usize, "each is sent once");
        let written = Revision::FIRST.next().next().next();
        for task in store.all(TaskFilter::default()).await.unwrap() {
            assert_eq!(task.revision, written, "{task:?}");
        }
        check(&asking, &store, lines, REMINDERS).await;
    }
}
