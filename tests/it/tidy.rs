//! The rules that no compiler knows: who may use whom, what every file must have, what must be
//! absent. Each rule is a test of its own and first proves on planted violations that it can fail.

mod cargo;
mod features;
mod layers;
mod leftovers;
mod lexer;
mod purity;
mod repository;
mod shape;
mod sql;
mod uses;

use std::path::Path;
use std::process::Command;

/// A rule: what is wrong with the file at this path (relative to the root) with this text.
/// A file that the rule does not concern has no findings.
type Rule = fn(path: &str, text: &str) -> Vec<String>;

/// Examples for a rule, as pairs of path and text.
type Examples<'a> = &'a [(&'a str, &'a str)];

/// Proves that the rule finds something in each of `wrong` and nothing in any of `right`, then
/// holds it against every file of the repository.
#[track_caller]
fn hold(rule: Rule, wrong: Examples<'_>, right: Examples<'_>) {
    assert!(!wrong.is_empty(), "a rule needs a violation to prove that it can fail");
    for (path, text) in wrong {
        assert!(!rule(path, text).is_empty(), "the rule overlooks {path}:\n{text}");
    }
    for (path, text) in right {
        assert_eq!(rule(path, text), Vec::<String>::new(), "the rule refuses {path}:\n{text}");
    }
    let findings: Vec<String> = files().iter().flat_map(|(path, text)| rule(path, text)).collect();
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

/// Path and text of every file that git tracks or would track. What is not UTF-8 (a calendar in
/// an old encoding, say) is read with replacement characters.
fn files() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let listing = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .expect("these tests list the repository's files with git");
    assert!(listing.status.success(), "{}", String::from_utf8_lossy(&listing.stderr));
    let listing = String::from_utf8(listing.stdout).expect("paths are UTF-8");
    let mut paths: Vec<&str> = listing.split_terminator('\0').collect();
    paths.sort_unstable();
    paths.dedup();
    let files: Vec<(String, String)> = paths
        .into_iter()
        .filter_map(|path| Some((path, std::fs::read(root.join(path)).ok()?)))
        .map(|(path, bytes)| (path.to_owned(), String::from_utf8_lossy(&bytes).into_owned()))
        .collect();
    assert!(files.iter().any(|(path, _)| path == "src/lib.rs"), "git lists no src/lib.rs");
    files
}

/// One finding, in the form that editors jump to.
fn finding(path: &str, line: usize, what: &str) -> String {
    format!("{path}:{line}: {what}")
}

fn is_rust(path: &str) -> bool {
    path.ends_with(".rs")
}

/// Rust that ships: part of the library or its program.
fn is_source(path: &str) -> bool {
    path.starts_with("src/") && is_rust(path)
}

/// A test module that has a file of its own.
fn is_test_module(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}
