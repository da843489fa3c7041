//! What the crate is built from: every dependency comes from crates.io, and one TLS stack, rustls
//! with ring, is enough.

use super::{finding, hold};

/// Crates that bring a second TLS stack or need a C toolchain that we do not ask for.
const BANNED: &[&str] = &["openssl", "openssl-sys", "native-tls", "aws-lc-rs", "aws-lc-sys"];

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

#[test]
fn dependencies_come_from_crates_io_and_bring_one_tls_stack() {
    hold(
        unwelcome,
        &[
            ("Cargo.lock", "[[package]]\nname = \"openssl-sys\"\n"),
            ("Cargo.lock", "source = \"git+https://example.com/x#1\"\n"),
            ("Cargo.lock", "source = \"registry+https://example.com/index\"\n"),
        ],
        &[
            ("Cargo.lock", "name = \"ring\"\n"),
            ("Cargo.lock", &format!("source = \"{CRATES_IO}\"\n")),
            ("tests/it/a.lock", "name = \"openssl\"\n"),
        ],
    );
}

fn unwelcome(path: &str, text: &str) -> Vec<String> {
    if path != "Cargo.lock" {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let Some((key, value)) = line.split_once(" = ") else {
            continue;
        };
        let value = value.trim_matches('"');
        let is_unwelcome = match key {
            "name" => BANNED.contains(&value),
            "source" => value != CRATES_IO,
            _ => false,
        };
        if is_unwelcome {
            findings.push(finding(path, index + 1, &format!("unwelcome {key}: {value}")));
        }
    }
    findings
}
