//! The mail server aiosmtpd, by Python, of one test: a directory and two ports of its own. It ends
//! as soon as the test's process lets go of it.
//!
//! It behaves as the [Exim](super::exim) of the tests does, in other words.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::exim::messages;
use super::unprivileged::own_uid;

/// Where `tests/run.sh` puts it, below the directory of its tools.
const VERSION: &str = "aiosmtpd-1.4.6";

/// A server that runs.
pub(crate) struct Aiosmtpd {
    process: Child,
    directory: TempDir,
    /// The port on which TLS begins with STARTTLS.
    pub(crate) start_tls: u16,
    /// The port on which TLS begins at once.
    pub(crate) implicit: u16,
}

impl Aiosmtpd {
    /// Starts one with a chain of certificates and a key in PEM form, and the password of `desk`.
    pub(crate) fn start((chain, key): (&str, &str), password: &str) -> Aiosmtpd {
        let directory = tempfile::Builder::new().prefix("puntual-aiosmtpd-").tempdir().unwrap();
        for (name, text) in [("chain.pem", chain), ("key.pem", key)] {
            fs::write(directory.path().join(name), text).unwrap();
        }
        let mut process = Command::new("python3")
            .args(["-B", "-W", "ignore", "-c", include_str!("aiosmtpd.py")])
            .arg(directory.path())
            .arg(password)
            .env("PYTHONPATH", installed())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(directory.path().join("said")).unwrap())
            .spawn()
            .expect("Python 3 is needed to run aiosmtpd");
        let mut said = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut said).unwrap();
        let ports: Vec<u16> = said.split_whitespace().map(|port| port.parse().unwrap()).collect();
        let [start_tls, implicit] = ports[..] else {
            let _ = process.wait();
            let why = fs::read_to_string(directory.path().join("said")).unwrap();
            panic!("aiosmtpd does not start; tests/run.sh installs it: {why}");
        };
        Aiosmtpd { process, directory, start_tls, implicit }
    }

    /// All that was accepted, in any order. Above each message stands to whom it went.
    pub(crate) fn delivered(&self) -> Vec<Vec<u8>> {
        messages(&self.directory.path().join("box/new"))
    }
}

impl Drop for Aiosmtpd {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// Where the package was unpacked; Python looks in its own places too.
fn installed() -> PathBuf {
    std::env::temp_dir().join(format!("puntual-tools-{}", own_uid())).join(VERSION)
}
