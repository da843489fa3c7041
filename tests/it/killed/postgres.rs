//! Workers on one Postgres database: many at a time, stopped, killed, and frozen past their
//! leases.

use std::collections::BTreeMap;
use std::sync::Arc;

use puntual::chrono::DateTime;
use puntual::store::{
    HistoryQuery, PostgresStore, SchemaName, StoredEntry, TaskFilter, TaskStore, TaskStoreExt,
};
use puntual::task::{Revision, Task, What};
use puntual::time::{Clock, SystemClock};
use puntual::{Reminders, Scheduler};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::child::{self, StopAt};
use super::journal::{Journal, JournalNotifier};
use super::workers::{Worker, Workers};
use super::{builder, check, reminders, until, until_all_done};
use crate::servers::postgres::Server;

/// The variables that name the server's socket and the schema in it.
const SOCKET: &str = "PUNTUAL_KILLED_SOCKET";
const SCHEMA: &str = "PUNTUAL_KILLED_SCHEMA";

/// Connections of one worker: many workers share the server with other tests.
const CONNECTIONS: u32 = 4;

/// No test: the `main` of the worker.
#[test]
fn child_process_entry() {
    child::work(async {
        let options = PgConnectOptions::new_without_pgpass()
            .socket(std::env::var_os(SOCKET).unwrap())
            .username("postgres")
            .database("postgres");
        let pool = PgPoolOptions::new().max_connections(CONNECTIONS);
        let schema = SchemaName::new(std::env::var(SCHEMA).unwrap()).unwrap();
        PostgresStore::new(pool.connect_with(options).await.unwrap()).with_schema(schema)
    });
}

/// A schema, a journal beside it, and an engine of this process that only asks and looks.
struct Scene {
    _server: Arc<Server>,
    _directory: tempfile::TempDir,
    store: PostgresStore,
    workers: Workers,
    asking: Scheduler,
    clock: SystemClock,
}

impl Scene {
    async fn new() -> Scene {
        let server = Server::shared();
        let directory = tempfile::tempdir().unwrap();
        let store = server.store().await;
        let socket = server.options().get_socket().unwrap().clone();
        let journal = Journal::new(directory.path().join("journal"));
        let workers = Workers {
            entry: "killed::postgres::child_process_entry",
            store: vec![(SOCKET, socket.into()), (SCHEMA, store.schema().as_str().into())],
            journal: journal.clone(),
        };
        let asking = builder(store.clone(), JournalNotifier::new(journal, None)).build().unwrap();
        let clock = SystemClock::new();
        Scene { _server: server, _directory: directory, store, workers, asking, clock }
    }

    fn journal(&self) -> &Journal {
        self.workers.journal()
    }

    /// Starts workers and waits until all of them run.
    async fn start(&self, workers: impl IntoIterator<Item = Option<StopAt>>) -> Vec<Worker> {
        let before = self.journal().starts();
        let workers: Vec<Worker> =
            workers.into_iter().map(|stop_at| self.workers.start(stop_at)).collect();
        let started = before + workers.len();
        until(&self.clock, "workers start", async || self.journal().starts() >= started).await;
        workers
    }

    async fn until_sent(&self, lines: usize) {
        until(&self.clock, "the journal grows", async || self.journal().lines().len() >= lines)
            .await;
    }

    /// Everything that is stored: rows, and their histories.
    async fn rows(&self) -> (Vec<Task>, Vec<StoredEntry>) {
        let everything = HistoryQuery::since(DateTime::UNIX_EPOCH, 10_000);
        let entries = self.store.history(&everything).await.unwrap();
        (self.store.all(TaskFilter::default()).await.unwrap(), entries)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_killed_processes_left_is_sent_or_held_and_nothing_goes_out_twice_unsaid() {
    let scene = Scene::new().await;
    super::check_kills(scene.store.clone(), scene.workers).await;
}

/// Of many workers none claims what another has: each row is inserted, claimed, handed off and
/// recorded, and has been written four times.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_processes_share_the_work_and_no_task_is_claimed_twice() {
    const REMINDERS: u32 = 120;
    println!("workers  messages of each");
    for count in [2, 4, 8] {
        let scene = Scene::new().await;
        let workers = scene.start(vec![None; count]).await;
        scene.asking.schedule_all(reminders(&scene.clock, 0..REMINDERS)).await.unwrap();
        until_all_done(&scene.clock, &scene.store).await;
        for worker in workers {
            worker.stop().await;
        }
        let lines = scene.journal().lines();
        let mut of_each: BTreeMap<u32, usize> = BTreeMap::new();
        lines.iter().for_each(|line| *of_each.entry(line.worker).or_default() += 1);
        println!("{count:>7}  {:?}", of_each.values().collect::<Vec<_>>());
        assert_eq!(lines.len(), REMINDERS as usize, "each is sent once");
        assert!(of_each.len() > 1, "the work is shared");
        let written = Revision::FIRST.next().next().next();
        for task in scene.store.all(TaskFilter::default()).await.unwrap() {
            assert_eq!(task.revision, written, "{task:?}");
        }
        check(&scene.asking, &scene.store, lines, REMINDERS).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_of_a_stopped_and_of_a_killed_process_is_handed_over_and_there_is_no_leader() {
    const REMINDERS: u32 = 100;
    for count in [2, 4, 8] {
        let scene = Scene::new().await;
        let mut workers = scene.start(vec![None; count]).await;
        scene.asking.schedule_all(reminders(&scene.clock, 0..REMINDERS)).await.unwrap();
        // Whoever came first is first to go, each time: no worker is needed more than another.
        scene.until_sent(20).await;
        workers.remove(0).kill().await;
        scene.until_sent(60).await;
        workers.extend(scene.start([None]).await);
        workers.remove(0).stop().await;
        until_all_done(&scene.clock, &scene.store).await;
        for worker in workers {
            worker.stop().await;
        }
        let lines = scene.journal().lines();
        check(&scene.asking, &scene.store, lines, REMINDERS).await;
    }
}

/// Rounds of frozen workers: one for each place, and one that is frozen at any moment.
const ROUNDS: u32 = 4;

/// A worker that slept through its lease finds everything done by others, and may neither send
/// nor record anything. Another attempt in it may have been frozen between its last look at the
/// deadline and the byte, which nobody can prevent: that one had looked before, and its mark was
/// seen and recorded as uncertain.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_process_that_wakes_after_its_lease_never_passes_the_gate() {
    const REMINDERS: u32 = 160;
    for round in 0..ROUNDS {
        let scene = Scene::new().await;
        let places = StopAt::ALL.map(Some).into_iter().chain([None]);
        let frozen = scene.start(places).await;
        scene.asking.schedule_all(reminders(&scene.clock, 0..REMINDERS)).await.unwrap();
        scene.until_sent(1 + 7 * round as usize).await;
        frozen[StopAt::ALL.len()].freeze();
        until(&scene.clock, "all have reached their places", async || {
            frozen.iter().all(Worker::is_frozen)
        })
        .await;
        let healthy = scene.start([None, None]).await;
        until_all_done(&scene.clock, &scene.store).await;
        for worker in healthy {
            worker.stop().await;
        }

        let (lines, rows) = (scene.journal().lines(), scene.rows().await);
        let thawed_at = scene.clock.now();
        frozen.iter().for_each(Worker::thaw);
        for worker in frozen {
            worker.stop().await;
        }
        assert_eq!(scene.rows().await, rows, "a zombie wrote something");
        for late in &scene.journal().lines()[lines.len()..] {
            assert!(late.at < thawed_at, "it looked at nothing after it woke: {late:?}");
            let said = (rows.1.iter()).any(|stored| {
                stored.entry.task == late.task && stored.entry.what == What::Uncertain
            });
            assert!(said, "a zombie sent what was not handed off: {late:?}");
        }
        check(&scene.asking, &scene.store, lines, REMINDERS).await;
    }
}
