//! The shape of a file: what it opens with and how long it may be.

use super::lexer::length_without_tests;
use super::{finding, hold, is_rust, is_source};

/// Lines of a source file, its test modules apart. Past 300 one thinks again.
const LINES_MAX: usize = 500;

#[test]
fn every_rust_file_opens_with_what_it_is_for() {
    hold(
        missing_opening,
        &[
            ("src/time/zone.rs", "use std::fmt;\n\n//! Zones.\n"),
            ("examples/quickstart.rs", "// An example.\nfn main() {}\n"),
            ("tests/it/empty.rs", ""),
            ("benches/store.rs", "//!\nfn main() {}\n"),
        ],
        &[("src/time/zone.rs", "//! Zones.\n"), ("README.md", "# puntual\n")],
    );
}

#[test]
fn no_source_file_is_longer_than_one_can_hold_in_mind() {
    let long = "let x = 1;\n".repeat(LINES_MAX + 1);
    let full = "let x = 1;\n".repeat(LINES_MAX);
    let tested = format!("{full}#[cfg(test)]\nmod tests {{\n{full}}}\n");
    hold(
        too_long,
        &[("src/task/mod.rs", &long)],
        &[("src/task/mod.rs", &full), ("src/task/mod.rs", &tested), ("tests/it/big.rs", &long)],
    );
}

fn missing_opening(path: &str, text: &str) -> Vec<String> {
    let first = text.lines().next().unwrap_or_default();
    let says_something = first.strip_prefix("//! ").is_some_and(|prose| !prose.trim().is_empty());
    if !is_rust(path) || says_something {
        return Vec::new();
    }
    vec![finding(path, 1, "the first line is no `//!` sentence on what the file is for")]
}

fn too_long(path: &str, text: &str) -> Vec<String> {
    let length = length_without_tests(text);
    if !is_source(path) || length <= LINES_MAX {
        return Vec::new();
    }
    let what = format!("{length} lines without tests, of {LINES_MAX} at most; split it");
    vec![finding(path, LINES_MAX, &what)]
}
