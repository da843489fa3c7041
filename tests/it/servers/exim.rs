//! An Exim of one test: an installed binary, a directory and two ports of its own. A shell stops
//! it as soon as the test's process lets go of it.
//!
//! It takes mail from user `desk` alone, under TLS alone. `nobody@..` does not exist, `busy@..` is
//! greylisted; everything else goes into one Maildir.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use tempfile::TempDir;

use super::unprivileged::{hand_over, identity, unprivileged};

const KEEPER: &str = r#"
exim=$(PATH=$PATH:/usr/sbin command -v exim4) || { echo "it is not installed"; exit 1; }
"$exim" -C "$1/conf" -bdf </dev/null >/dev/null 2>"$1/said" &
until grep -qs 'daemon started' "$1/said"; do
    kill -0 $! 2>/dev/null || { tr '\n' ' ' <"$1/said"; exit 1; }
    sleep 0.02
done
echo ready
read -r _
kill $!
wait
rm -rf "$1"/*
"#;

const DELIVER: &str = r#"PATH=$PATH:/usr/sbin exec exim4 -C "$1/conf" -qff"#;

const SETTINGS: &str = r#"exim_user = UID
exim_group = GID
primary_hostname = exim.example
spool_directory = DIRECTORY/spool
log_file_path = DIRECTORY/log-%s
pid_file_path = DIRECTORY/pid
log_selector = +smtp_connection
keep_environment =
daemon_startup_retries = 0
local_interfaces = 127.0.0.1
daemon_smtp_ports = START_TLS : IMPLICIT
tls_on_connect_ports = IMPLICIT
tls_advertise_hosts = *
tls_certificate = DIRECTORY/chain.pem
tls_privatekey = DIRECTORY/key.pem
auth_advertise_hosts = ${if def:tls_in_cipher {*}}
message_size_limit = 20K
smtp_accept_max_per_host = CONNECTIONS
queue_only = true
acl_smtp_rcpt = recipients
domainlist local_domains = *

begin acl
recipients:
  deny  !authenticated = *
        message = 5.7.0 log in first
  deny  local_parts = nobody
        message = 5.1.1 no such user
  defer local_parts = busy
        message = 4.7.1 greylisted, try again in 10 minutes
  accept

begin routers
everybody:
  driver = accept
  transport = box

begin transports
box:
  driver = appendfile
  directory = DIRECTORY/box
  maildir_format
  envelope_to_add = true

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and{{eq{$auth2}{desk}}{eq{$auth3}{PASSWORD}}}}
  server_set_id = $auth2
"#;

/// How often other ports are tried: somebody else may take one between choice and start.
const STARTS_MAX: usize = 5;

/// A server that runs.
pub(crate) struct Exim {
    keeper: Child,
    directory: TempDir,
    /// The port on which TLS begins with STARTTLS.
    pub(crate) start_tls: u16,
    /// The port on which TLS begins at once.
    pub(crate) implicit: u16,
}

impl Exim {
    /// Starts one with a chain of certificates and a key in PEM form, and the password of `desk`.
    pub(crate) fn start(certificate: (&str, &str), password: &str) -> Exim {
        Exim::start_with(certificate, password, 20)
    }

    /// The same that takes so many connections at the same time.
    pub(crate) fn start_with(
        (chain, key): (&str, &str),
        password: &str,
        connections: usize,
    ) -> Exim {
        let mut said = String::new();
        for _ in 0..STARTS_MAX {
            match Exim::try_start(chain, key, password, connections) {
                Ok(exim) => return exim,
                Err(other) => said = other,
            }
        }
        panic!("Exim does not start; tests/run.sh installs it: {said}");
    }

    fn try_start(
        chain: &str,
        key: &str,
        password: &str,
        connections: usize,
    ) -> Result<Exim, String> {
        let directory = tempfile::Builder::new().prefix("puntual-exim-").tempdir().unwrap();
        let [start_tls, implicit] = free_ports();
        let (uid, gid) = identity();
        let settings = SETTINGS
            .replace("UID", &uid.to_string())
            .replace("GID", &gid.to_string())
            .replace("DIRECTORY", directory.path().to_str().unwrap())
            .replace("START_TLS", &start_tls.to_string())
            .replace("IMPLICIT", &implicit.to_string())
            .replace("CONNECTIONS", &connections.to_string())
            .replace("PASSWORD", password);
        for (name, text) in [("conf", settings.as_str()), ("chain.pem", chain), ("key.pem", key)] {
            fs::write(directory.path().join(name), text).unwrap();
        }
        hand_over(directory.path());
        let mut keeper = unprivileged("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(directory.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut said).unwrap();
        let exim = Exim { keeper, directory, start_tls, implicit };
        if said.trim_end() == "ready" { Ok(exim) } else { Err(said) }
    }

    /// Delivers what was accepted, and reads all that was ever delivered, in any order. Above each
    /// message stands to whom it went.
    pub(crate) fn delivered(&self) -> Vec<Vec<u8>> {
        let deliver = unprivileged("sh")
            .args(["-c", DELIVER, "deliver"])
            .arg(self.directory.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(deliver.unwrap().success(), "Exim's queue cannot be run");
        messages(&self.directory.path().join("box/new"))
    }

    /// How many connections it took.
    pub(crate) fn connections(&self) -> usize {
        let said = fs::read_to_string(self.directory.path().join("said")).unwrap();
        said.lines().filter(|line| line.contains("(TCP/IP connection count = ")).count()
    }
}

impl Drop for Exim {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// The files of a Maildir's directory; none where it is not there yet.
pub(super) fn messages(directory: &Path) -> Vec<Vec<u8>> {
    let files = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = files.map(|file| file.path()).collect();
    paths.sort_unstable();
    paths.into_iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Two ports that nobody listens on now.
fn free_ports() -> [u16; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind(("127.0.0.1", 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}
