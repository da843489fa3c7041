//! A throwaway Postgres: installed binaries, a data directory of its own, a socket and no port.
//!
//! All tests of a process share one server, each works in schemas of its own. A shell stands
//! between test and server: it stops the server and removes its files as soon as the test process
//! lets go of its standard input, however that process ended.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use puntual::store::{PostgresStore, SchemaName};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use tempfile::TempDir;

/// Where Debian puts the binaries of each version.
const INSTALLED: &str = "/usr/lib/postgresql";

/// Starts the server and says so; obeys orders until its input ends; then stops the server and
/// cleans up.
const KEEPER: &str = r#"
trap '' INT TERM HUP
start() {
    "$1/pg_ctl" -D "$2/data" -w -t 120 -l "$2/log" -o "$3" start >/dev/null ||
        { cat "$2/log" >&2; exit 1; }
    echo ready
}
stop() { "$1/pg_ctl" -D "$2/data" -w -m immediate stop >/dev/null 2>&1; }
start "$@"
while read -r order; do
    case $order in
        stop) stop "$@"; echo stopped ;;
        start) start "$@" ;;
    esac
done
stop "$@"
rm -rf "$2"/*
"#;

/// A server that nobody's life depends on: nothing is synced, little is kept in memory.
const SETTINGS: &str = "-c listen_addresses='' -c fsync=off -c shared_buffers=16MB \
    -c max_connections=200 -c autovacuum=off -c max_wal_size=64MB -c log_min_messages=panic";

/// A running server.
pub(crate) struct Server {
    keeper: Child,
    said: BufReader<ChildStdout>,
    directory: TempDir,
}

impl Server {
    /// The server of this process; the last test that holds it stops it.
    pub(crate) fn shared() -> Arc<Server> {
        static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = shared.upgrade() {
            return server;
        }
        let server = Arc::new(Server::start());
        *shared = Arc::downgrade(&server);
        server
    }

    /// A server that no other test uses, so that it may be stopped.
    pub(crate) fn start() -> Server {
        let binaries = binaries();
        let directory = tempfile::Builder::new().prefix("puntual-postgres-").tempdir().unwrap();
        let template = template(&binaries);
        let copied = Command::new("cp")
            .args(["-a", "--reflink=auto"])
            .args([&template, &directory.path().join("data")])
            .status();
        assert!(copied.unwrap().success(), "a data directory cannot be copied");
        hand_over(directory.path());
        let settings = format!("{SETTINGS} -k {}", directory.path().display());
        let mut keeper = unprivileged("sh")
            .args(["-c", KEEPER, "keeper"])
            .args([&binaries, directory.path()])
            .arg(settings)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(keeper.stdout.take().unwrap());
        let mut server = Server { keeper, said, directory };
        server.expect("ready");
        server
    }

    /// Kills the server's processes, as a crash of the machine does.
    pub(crate) fn crash(&mut self) {
        self.order("stop");
        self.expect("stopped");
    }

    /// Starts it again after a crash.
    pub(crate) fn restart(&mut self) {
        self.order("start");
        self.expect("ready");
    }

    fn order(&mut self, order: &str) {
        writeln!(self.keeper.stdin.as_mut().unwrap(), "{order}").unwrap();
    }

    fn expect(&mut self, word: &str) {
        let mut said = String::new();
        self.said.read_line(&mut said).unwrap();
        assert_eq!(said.trim_end(), word, "what the server's keeper says");
    }

    /// Copies a schema into another database of the server, as a backup that is restored does.
    pub(crate) fn dump_into(&self, schema: &SchemaName, database: &str) {
        let client = |program: &str| {
            let mut command = unprivileged(binaries().join(program));
            command.args(["-U", "postgres", "-h"]).arg(self.directory.path());
            command
        };
        let mut dump = client("pg_dump")
            .args(["-n", schema.as_str(), "postgres"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let restored = client("psql")
            .args(["-q", "-v", "ON_ERROR_STOP=1", database])
            .stdin(dump.stdout.take().unwrap())
            .stdout(Stdio::null())
            .status();
        assert!(dump.wait().unwrap().success() && restored.unwrap().success());
    }

    /// How to connect as the owner of everything.
    pub(crate) fn options(&self) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(self.directory.path())
            .username("postgres")
            .database("postgres")
    }

    pub(crate) async fn pool(&self) -> PgPool {
        PgPoolOptions::new().max_connections(8).connect_with(self.options()).await.unwrap()
    }

    /// A store with a schema that nobody else uses.
    pub(crate) async fn store(&self) -> PostgresStore {
        self.store_on(&self.pool().await).await
    }

    /// The same over a pool that several stores share.
    pub(crate) async fn store_on(&self, pool: &PgPool) -> PostgresStore {
        let store = PostgresStore::new(pool.clone()).with_schema(new_schema());
        store.migrate().await.unwrap();
        store
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// A name that no other test of this process has.
pub(crate) fn new_schema() -> SchemaName {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    SchemaName::new(format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed))).unwrap()
}

/// `$PG_BIN`, or the newest version that is installed.
fn binaries() -> PathBuf {
    if let Some(given) = std::env::var_os("PG_BIN") {
        return PathBuf::from(given);
    }
    let versions = fs::read_dir(INSTALLED).into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|version| Path::new(INSTALLED).join(format!("{version}/bin/postgres")).exists())
        .max();
    let Some(newest) = newest else {
        panic!("no Postgres server is installed; install one, or set PG_BIN to its directory");
    };
    Path::new(INSTALLED).join(format!("{newest}/bin"))
}

/// A data directory that was made once for all test processes and is only copied.
fn template(binaries: &Path) -> PathBuf {
    let version = Command::new(binaries.join("postgres")).arg("--version").output().unwrap();
    let version: String =
        String::from_utf8_lossy(&version.stdout).chars().filter(char::is_ascii_digit).collect();
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR"));
    fs::create_dir_all(kept).unwrap();
    let template = kept.join(format!("postgres-{version}-small"));
    let lock = File::create(kept.join("postgres.lock")).unwrap();
    lock.lock().unwrap();
    if !template.exists() {
        let directory = tempfile::tempdir().unwrap();
        hand_over(directory.path());
        let made = unprivileged(binaries.join("initdb"))
            .args(["-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"])
            .args(["--locale=C.UTF-8", "--no-instructions", "--wal-segsize=1"])
            .current_dir(directory.path())
            .stdout(Stdio::null())
            .status();
        assert!(made.unwrap().success(), "a data directory cannot be made");
        let unfinished = kept.join(format!("postgres-{version}-small.new"));
        let _ = fs::remove_dir_all(&unfinished);
        let copied = Command::new("cp")
            .arg("-a")
            .args([&directory.path().join("data"), &unfinished])
            .status();
        assert!(copied.unwrap().success(), "a data directory cannot be kept");
        fs::rename(unfinished, &template).unwrap();
    }
    template
}

/// A command as somebody who may not do everything: Postgres refuses to run as root.
fn unprivileged(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    if let Some((uid, gid)) = nobody() {
        command.uid(uid).gid(gid);
    }
    command.env("LC_ALL", "C");
    command
}

fn hand_over(directory: &Path) {
    if let Some((uid, gid)) = nobody() {
        chown(directory, Some(uid), Some(gid)).unwrap();
    }
}

/// User and group `nobody`, where we are root.
fn nobody() -> Option<(u32, u32)> {
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let user = users.lines().find(|line| line.starts_with("nobody:"));
    let fields: Vec<&str> = user.expect("there is a user nobody").split(':').collect();
    Some((fields[2].parse().unwrap(), fields[3].parse().unwrap()))
}
