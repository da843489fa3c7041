//! A PgBouncer of one test process, in front of a test's server: a directory of its own, a socket
//! and no port. A shell stops it as soon as the process lets go of it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use tempfile::TempDir;

use super::unprivileged::{hand_over, unprivileged};

const KEEPER: &str = r#"
PATH=$PATH:/usr/sbin pgbouncer -q "$1/pooler.ini" </dev/null >/dev/null 2>&1 &
until [ -S "$1/.s.PGSQL.6432" ]; do
    kill -0 $! 2>/dev/null || { echo "it does not start"; exit 1; }
    sleep 0.02
done
echo ready
read -r _
kill $!
wait
rm -rf "$1"/*
"#;

const SETTINGS: &str = "[databases]
* = host=SERVER user=postgres
[pgbouncer]
unix_socket_dir = DIRECTORY
listen_addr =
listen_port = 6432
logfile = DIRECTORY/log
auth_type = any
pool_mode = MODE
default_pool_size = 30
max_client_conn = 1000
ignore_startup_parameters = extra_float_digits
";

/// A pooler that runs.
pub(crate) struct Pooler {
    keeper: Child,
    directory: TempDir,
}

impl Pooler {
    /// The port in the name of its socket.
    pub(crate) const PORT: u16 = 6432;

    /// Starts one with `pool_mode = mode` in front of the server whose socket is in `server`.
    pub(crate) fn start(server: &Path, mode: &str) -> Pooler {
        let directory = tempfile::Builder::new().prefix("puntual-pgbouncer-").tempdir().unwrap();
        let settings = SETTINGS
            .replace("SERVER", server.to_str().unwrap())
            .replace("DIRECTORY", directory.path().to_str().unwrap())
            .replace("MODE", mode);
        fs::write(directory.path().join("pooler.ini"), settings).unwrap();
        hand_over(directory.path());
        let mut keeper = unprivileged("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(directory.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut said).unwrap();
        assert_eq!(said.trim_end(), "ready", "PgBouncer: is it installed?");
        Pooler { keeper, directory }
    }

    /// Where its socket is.
    pub(crate) fn directory(&self) -> PathBuf {
        self.directory.path().to_owned()
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}
