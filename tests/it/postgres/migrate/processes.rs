//! Ten processes that migrate at the same moment: this binary, started again.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use puntual::store::{PostgresStore, SchemaName};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use super::{by_script, older, shape, steps};
use crate::servers::postgres::{Server, new_schema};

/// The variables that say where to connect and what to migrate; without them a process is no child.
const SOCKET: &str = "PUNTUAL_MIGRATE_SOCKET";
const SCHEMA: &str = "PUNTUAL_MIGRATE_SCHEMA";

const PROCESSES: usize = 10;
const READY: &str = "ready to migrate";

/// No test: the `main` of a child, because the only program that a test is sure to have is itself.
/// It connects, says so, waits for a line, and migrates.
#[test]
fn child_process_entry() {
    let (Some(socket), Ok(schema)) = (std::env::var_os(SOCKET), std::env::var(SCHEMA)) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = PgConnectOptions::new_without_pgpass();
        let options = options.socket(socket).username("postgres").database("postgres");
        let pool = PgPoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
        println!("\n{READY}");
        std::io::stdin().read_line(&mut String::new()).unwrap();
        let store = PostgresStore::new(pool).with_schema(SchemaName::new(schema).unwrap());
        store.migrate().await.unwrap();
    });
}

fn start(server: &Server, schema: &SchemaName) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "postgres::migrate::processes::child_process_entry", "--nocapture"])
        .env(SOCKET, server.options().get_socket().unwrap())
        .env(SCHEMA, schema.as_str())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Lets ten processes migrate a schema once all of them are connected; all must succeed.
fn migrate_at_once(server: &Server, schema: &SchemaName) {
    let mut children: Vec<Child> = (0..PROCESSES).map(|_| start(server, schema)).collect();
    let mut said = Vec::new();
    for child in &mut children {
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap() == READY), "a child never connected");
        said.push(lines);
    }
    for child in &mut children {
        writeln!(child.stdin.take().unwrap()).unwrap();
    }
    for (mut child, said) in children.into_iter().zip(said) {
        let said: Vec<String> = said.map(Result::unwrap).collect();
        assert!(child.wait().unwrap().success(), "{said:?}");
        assert!(said.iter().any(|line| line.contains("1 passed")), "{said:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_processes_at_once_take_each_step_once() {
    let server = Server::shared();
    let pool = server.pool().await;
    let wanted = shape(&by_script(&pool).await).await;
    let empty = PostgresStore::new(pool.clone()).with_schema(new_schema());
    for (store, from) in [(empty, "nothing"), (older(&pool).await, "tables")] {
        migrate_at_once(&server, store.schema());
        assert_eq!(steps(&store).await, "1 tables, 2 views", "from {from}");
        assert_eq!(shape(&store).await, wanted, "from {from}");
    }
}
