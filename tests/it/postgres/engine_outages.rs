//! A started engine on a server that stops, dies, throws it out, or takes no writes: it never
//! exits, goes on by itself, and everything is sent.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use puntual::scheduler::{ScheduleErrorKind, SchedulerHandle};
use puntual::store::{PostgresStore, StoreErrorKind, TaskStore};
use puntual::time::SystemClock;
use puntual::{Reminders, Scheduler};
use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPoolOptions};

use super::mailbox::Mailbox;
use super::{answer, execute};
use crate::killed::{builder, check, reminders, until, until_all_done};
use crate::servers::postgres::{OwnServer, Server};

/// Reminders of one round: half of them are due at once, the others meanwhile.
const REMINDERS: u32 = 40;

/// A started engine, and a host that asks it.
struct Scene {
    clock: SystemClock,
    mailbox: Mailbox,
    store: PostgresStore,
    scheduler: Scheduler,
    handle: SchedulerHandle,
    asked: u32,
}

impl Scene {
    async fn new(server: &Server, options: PgConnectOptions) -> Scene {
        let impatient = PgPoolOptions::new().acquire_timeout(Duration::from_millis(500));
        let pool = impatient.max_connections(4).connect_with(options).await.unwrap();
        let store = server.store_on(&pool).await;
        let mailbox = Mailbox::new();
        let scheduler = builder(store.clone(), mailbox.clone()).build().unwrap();
        let handle = scheduler.start();
        Scene { clock: SystemClock::new(), mailbox, store, scheduler, handle, asked: 0 }
    }

    /// Asks as a host does: again, until it is answered. Nothing is stored twice.
    async fn ask(&mut self) {
        let bookings = self.asked..self.asked + REMINDERS;
        self.asked = bookings.end;
        let all = reminders(&self.clock, bookings);
        until(&self.clock, "the host is answered", async || {
            match self.scheduler.schedule_all(all.clone()).await {
                Ok(_) => true,
                Err(error) => {
                    assert_eq!(error.kind(), ScheduleErrorKind::Transient, "{error:?}");
                    false
                }
            }
        })
        .await;
    }

    /// Waits until so many are sent.
    async fn until_sent(&self, sent: usize) {
        until(&self.clock, "some are sent", async || self.mailbox.lines().len() >= sent).await;
    }

    /// Everything is done, and the books balance.
    async fn finish(self) {
        until_all_done(&self.clock, &self.store).await;
        self.handle.shutdown(Duration::from_secs(10)).await;
        check(&self.scheduler, &self.store, self.mailbox.lines(), self.asked).await;
    }
}

fn data_directory(server: &Server) -> PathBuf {
    server.options().get_socket().unwrap().join("data")
}

/// The postmaster of a server, and its processes.
fn postmaster(server: &Server) -> (u32, Vec<u32>) {
    let pid = fs::read_to_string(data_directory(server).join("postmaster.pid")).unwrap();
    let pid: u32 = pid.lines().next().unwrap().parse().unwrap();
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    (pid, children.split_whitespace().map(|child| child.parse().unwrap()).collect())
}

fn kill(pid: u32) {
    assert!(Command::new("sh").args(["-c", &format!("kill -9 {pid}")]).status().unwrap().success());
}

fn is_alive(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    status.rsplit_once(')').is_some_and(|(_, status)| !status.trim_start().starts_with('Z'))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_goes_on_after_every_end_of_its_server() {
    const ROUNDS: usize = 2;
    let mut server = OwnServer::start();
    let mut scene = Scene::new(&server, server.options()).await;
    for end in ["stopped", "crashed", "killed"].repeat(ROUNDS) {
        let sent = scene.mailbox.lines().len();
        scene.ask().await;
        scene.until_sent(sent + 5).await;
        match end {
            "stopped" => server.stop(),
            "crashed" => server.crash(),
            _ => {
                let (postmaster, children) = postmaster(&server);
                kill(postmaster);
                // They hold its memory: no other one starts before they have noticed.
                until(&scene.clock, "all of it is gone", async || {
                    ![postmaster].iter().chain(&children).any(|pid| is_alive(*pid))
                })
                .await;
                // Where nobody collects dead processes, its files seem to be a living one's.
                for file in ["postmaster.pid", "../.s.PGSQL.5432.lock"] {
                    fs::remove_file(data_directory(&server).join(file)).unwrap();
                }
            }
        }
        for _ in 0..2 {
            let error = scene.store.probe().await.unwrap_err();
            assert_eq!(error.kind(), StoreErrorKind::Transient, "{end}: {error}");
        }
        server.restart();
        scene.ask().await;
    }
    println!("{ROUNDS} stops, {ROUNDS} crashes, {ROUNDS} kills of the server");
    scene.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_goes_on_while_its_backends_are_terminated_and_killed() {
    const TERMINATIONS: usize = 50;
    const KILLS: usize = 5;
    let server = OwnServer::start();
    let mut scene = Scene::new(&server, server.options().application_name("victim")).await;
    let mut other = PgConnection::connect_with(&server.options()).await.unwrap();
    let mut terminated = 0;
    while terminated < TERMINATIONS {
        scene.ask().await;
        let storm = "select count(pg_terminate_backend(pid)) from pg_stat_activity
            where application_name = 'victim'";
        let hit: i64 = sqlx::query_scalar(storm).fetch_one(&mut other).await.unwrap();
        terminated += usize::try_from(hit).unwrap();
    }
    drop(other);
    for _ in 0..KILLS {
        scene.ask().await;
        // Postgres then ends all other backends too, and starts anew from its log.
        let mut other = PgConnection::connect_with(&server.options()).await.unwrap();
        let victim = "select pid from pg_stat_activity where application_name = 'victim' limit 1";
        let victim: Option<i32> =
            sqlx::query_scalar(victim).fetch_optional(&mut other).await.unwrap();
        if let Some(victim) = victim {
            kill(victim.unsigned_abs());
        }
        until(&scene.clock, "the server ends", async || other.ping().await.is_err()).await;
        until(&scene.clock, "it has recovered", async || scene.store.probe().await.is_ok()).await;
    }
    println!("{terminated} backends terminated, {KILLS} killed");
    scene.finish().await;
}

/// Reads are answered, writes are not: as a standby, or a database that is about to move.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_on_a_server_that_takes_no_writes_says_so_sends_nothing_and_resumes_alone() {
    let mut server = OwnServer::start();
    let mut scene = Scene::new(&server, server.options()).await;
    let standby = data_directory(&server).join("standby.signal");
    for takes_no_writes in ["setting", "standby"] {
        // The last ones come due while nothing can be written.
        scene.ask().await;
        match takes_no_writes {
            "setting" => {
                execute(&scene.store, "alter system set default_transaction_read_only = on").await;
                execute(&scene.store, "select pg_reload_conf()").await;
            }
            _ => {
                server.stop();
                // With it the server follows a log that nobody sends, and is open for reading.
                fs::write(&standby, "").unwrap();
                server.restart();
            }
        }
        until(&scene.clock, "the engine says why it does not work", async || {
            let trouble = scene.scheduler.stats().await.map(|stats| stats.trouble);
            trouble.is_ok_and(|why| why.is_some_and(|why| why.as_str().contains("no writes")))
        })
        .await;
        let sent = scene.mailbox.lines().len();
        let asked = scene.scheduler.schedule_all(reminders(&scene.clock, 1_000..1_001)).await;
        assert_eq!(asked.unwrap_err().kind(), ScheduleErrorKind::Transient);
        assert_eq!(scene.mailbox.lines().len(), sent, "{takes_no_writes}");
        match takes_no_writes {
            "setting" => {
                execute(&scene.store, "alter system reset default_transaction_read_only").await;
                execute(&scene.store, "select pg_reload_conf()").await;
            }
            _ => assert_eq!(answer(&scene.store, "select pg_promote()::text").await, "true"),
        }
        scene.ask().await;
    }
    scene.finish().await;
}
