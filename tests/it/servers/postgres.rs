//! A throwaway Postgres: installed binaries, a data directory of its own, a socket and no port.
//!
//! Tests that run at the same time share one server, those of other processes too; each works in
//! schemas of its own. Shells stand between tests and servers: a shared server is stopped once no
//! process holds its lock, a server of one test when that test's process lets go of it, however
//! the processes ended. Then the files are removed.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader, Write};
use std::ops::Deref;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use puntual::store::{PostgresStore, SchemaName};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use tempfile::TempDir;

use super::pgbouncer::Pooler;
use super::unprivileged::{hand_over, unprivileged};

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
stop() { "$1/pg_ctl" -D "$2/data" -w -m "$4" stop >/dev/null 2>&1; }
start "$@"
while read -r order; do
    case $order in
        crash) stop "$@" immediate; echo stopped ;;
        stop) stop "$@" fast; echo stopped ;;
        start) start "$@" ;;
    esac
done
stop "$@" immediate
rm -rf "$2"/*
"#;

/// The name of the socket in the server's directory.
const SOCKET: &str = ".s.PGSQL.5432";

/// A server that nobody's life depends on: nothing is synced, little is kept in memory.
const SETTINGS: &str = "-c listen_addresses='' -c fsync=off -c shared_buffers=16MB \
    -c max_connections=200 -c autovacuum=off -c max_wal_size=64MB -c log_min_messages=panic";

/// Starts a server for everybody, and stops it once nobody holds the lock on standard input, and
/// nobody has asked for it since the last look: between two tests there is a moment without one.
const SHARED_KEEPER: &str = r#"
"$1/pg_ctl" -D "$2/data" -w -t 120 -l "$2/log" -o "$3" start >/dev/null 2>&1 ||
    { cat "$2/log"; exit 1; }
echo ready
exec >/dev/null 2>&1
while touch "$2/looked" && sleep 3; do
    flock --exclusive --nonblock 0 || continue
    [ "$2/asked" -nt "$2/looked" ] || break
    flock --unlock 0
done
"$1/pg_ctl" -D "$2/data" -w -m immediate stop
rm -rf "$2"/*
"#;

/// `PUNTUAL_POSTGRES=pooled` runs every test on the shared server behind PgBouncer.
fn is_pooled() -> bool {
    match std::env::var("PUNTUAL_POSTGRES").as_deref() {
        Err(_) | Ok("direct") => false,
        Ok("pooled") => true,
        Ok(other) => panic!("PUNTUAL_POSTGRES is `direct` or `pooled`, and not {other:?}"),
    }
}

/// A running server: where its socket is.
pub(crate) struct Server {
    directory: PathBuf,
    /// What stands before it, where [`is_pooled`].
    pooler: Option<Pooler>,
    /// Held, shared with other processes, as long as the server is used.
    _used: File,
    /// The shell of a shared server that we started, and that outlives us.
    _keeper: Option<Child>,
}

impl Server {
    /// The server of all tests that run now; the last one that holds it lets it stop.
    pub(crate) fn shared() -> Arc<Server> {
        static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = shared.upgrade() {
            return server;
        }
        let server = Arc::new(Server::join());
        *shared = Arc::downgrade(&server);
        server
    }

    /// Uses the server that runs for this build of the tests, or starts it.
    fn join() -> Server {
        let binaries = binaries();
        let template = template(&binaries);
        let mut place = DefaultHasher::new();
        template.hash(&mut place);
        let directory = std::env::temp_dir().join(format!("puntual-postgres-{:x}", place.finish()));
        // Next to the template and not in the directory, which the keeper empties.
        let [users, starting] = ["users", "starting"].map(|name| template.with_extension(name));
        let used = File::create(&users).unwrap();
        used.lock_shared().unwrap();
        let alone = File::create(starting).unwrap();
        alone.lock().unwrap();
        let mut started = None;
        if UnixStream::connect(directory.join(SOCKET)).is_err() {
            let _ = fs::remove_dir_all(&directory);
            fs::create_dir(&directory).unwrap();
            prepare(&directory, &template);
            let mut keeper = keeper(SHARED_KEEPER, &binaries, &directory, "");
            // A group of its own: it outlives the test that started it.
            let keeper = keeper.process_group(0).stderr(Stdio::null());
            let mut keeper = keeper.stdin(File::open(&users).unwrap()).spawn().unwrap();
            expect(&mut BufReader::new(keeper.stdout.take().unwrap()), "ready");
            started = Some(keeper);
        }
        File::create(directory.join("asked")).unwrap();
        let pooler = is_pooled().then(|| Pooler::start(&directory, "transaction"));
        Server { directory, pooler, _used: used, _keeper: started }
    }

    /// Copies a schema into another database of the server, as a backup that is restored does.
    pub(crate) fn dump_into(&self, schema: &SchemaName, database: &str) {
        let client = |program: &str| {
            let mut command = unprivileged(binaries().join(program));
            command.args(["-U", "postgres", "-h"]).arg(&self.directory);
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
            .socket(&self.directory)
            .username("postgres")
            .database("postgres")
    }

    /// Connections as an application makes them: through the pooler, where there is one.
    pub(crate) async fn pool(&self) -> PgPool {
        let options = match &self.pooler {
            Some(pooler) => self.behind(pooler),
            None => self.options(),
        };
        PgPoolOptions::new().max_connections(8).connect_with(options).await.unwrap()
    }

    /// How to connect by way of a pooler.
    pub(crate) fn behind(&self, pooler: &Pooler) -> PgConnectOptions {
        self.options().socket(pooler.directory()).port(Pooler::PORT)
    }

    /// Where its socket is.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// A store with a schema that nobody else uses.
    pub(crate) async fn store(&self) -> PostgresStore {
        self.store_on(&self.pool().await).await
    }

    /// The same over a pool that several stores share.
    pub(crate) async fn store_on(&self, pool: &PgPool) -> PostgresStore {
        let store = self.over(pool, new_schema());
        store.migrate().await.unwrap();
        store
    }

    /// A store that hears of work, though a pooler may be in between.
    pub(crate) fn over(&self, pool: &PgPool, schema: SchemaName) -> PostgresStore {
        PostgresStore::new(pool.clone()).with_schema(schema).with_listener(self.options())
    }
}

/// A server that no other test uses, so that it may be stopped.
pub(crate) struct OwnServer {
    server: Server,
    keeper: Child,
    said: BufReader<ChildStdout>,
    _directory: TempDir,
}

impl OwnServer {
    pub(crate) fn start() -> OwnServer {
        OwnServer::start_with("")
    }

    /// With settings of its own, which go before those of the tests.
    pub(crate) fn start_with(settings: &str) -> OwnServer {
        let binaries = binaries();
        let directory = tempfile::Builder::new().prefix("puntual-postgres-").tempdir().unwrap();
        prepare(directory.path(), &template(&binaries));
        let mut keeper = keeper(KEEPER, &binaries, directory.path(), settings);
        let mut keeper = keeper.stdin(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(keeper.stdout.take().unwrap());
        expect(&mut said, "ready");
        let used = File::open(directory.path()).unwrap();
        let server = Server {
            directory: directory.path().to_owned(),
            pooler: None,
            _used: used,
            _keeper: None,
        };
        OwnServer { server, keeper, said, _directory: directory }
    }

    /// Kills the server's processes, as a crash of the machine does.
    pub(crate) fn crash(&mut self) {
        self.order("crash");
        expect(&mut self.said, "stopped");
    }

    /// Stops it as an administrator does who does not wait for its clients.
    pub(crate) fn stop(&mut self) {
        self.order("stop");
        expect(&mut self.said, "stopped");
    }

    /// Starts it again.
    pub(crate) fn restart(&mut self) {
        self.order("start");
        expect(&mut self.said, "ready");
    }

    fn order(&mut self, order: &str) {
        writeln!(self.keeper.stdin.as_mut().unwrap(), "{order}").unwrap();
    }
}

impl Deref for OwnServer {
    type Target = Server;

    fn deref(&self) -> &Server {
        &self.server
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// A name that no other test has.
pub(crate) fn new_schema() -> SchemaName {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let (process, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    SchemaName::new(format!("test_{process}_{count}")).unwrap()
}

/// Puts a data directory of its own into `directory`.
fn prepare(directory: &Path, template: &Path) {
    let copied = Command::new("cp")
        .args(["-a", "--reflink=auto"])
        .args([template, &directory.join("data")])
        .status();
    assert!(copied.unwrap().success(), "a data directory cannot be copied");
    hand_over(directory);
}

/// A shell that keeps a server, ready to be spawned.
fn keeper(script: &str, binaries: &Path, directory: &Path, settings: &str) -> Command {
    let mut keeper = unprivileged("sh");
    keeper.args(["-c", script, "keeper"]).args([binaries, directory]);
    keeper.arg(format!("{SETTINGS} {settings} -k {}", directory.display())).stdout(Stdio::piped());
    keeper
}

fn expect(said: &mut impl BufRead, word: &str) {
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert_eq!(line.trim_end(), word, "what the server's keeper says");
}

fn binaries() -> PathBuf {
    installed()
        .expect("no Postgres server is installed; install one, or set PG_BIN to its directory")
}

/// `$PG_BIN`, or the newest version that is installed.
pub(crate) fn installed() -> Option<PathBuf> {
    if let Some(given) = std::env::var_os("PG_BIN") {
        return Some(PathBuf::from(given));
    }
    let versions = fs::read_dir(INSTALLED).into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|version| Path::new(INSTALLED).join(format!("{version}/bin/postgres")).exists())
        .max()?;
    Some(Path::new(INSTALLED).join(format!("{newest}/bin")))
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
