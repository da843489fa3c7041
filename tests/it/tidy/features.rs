//! Cargo features: each is explained where it is declared, and adds whole modules, never a branch
//! inside one.

use super::lexer::{contains_word, take_apart};
use super::{finding, hold, is_source};

#[test]
fn every_feature_is_explained_in_the_manifest() {
    hold(
        unexplained_features,
        &[
            ("Cargo.toml", "[features]\nsqlite = []\n"),
            ("Cargo.toml", "[features]\n# Nothing.\ndefault = []\nsqlite = []\n"),
            ("Cargo.toml", "[features]\n# A note on something else.\n\nsqlite = []\n"),
        ],
        &[
            ("Cargo.toml", "[features]\n# Stores in\n# a file.\nsqlite = [\n  \"dep:sqlx\",\n]\n"),
            ("Cargo.toml", "[dependencies]\nsqlx = \"1\"\n"),
        ],
    );
}

#[test]
fn features_stand_on_whole_modules_and_their_re_exports() {
    hold(
        conditional_code,
        &[
            ("src/a.rs", "#[cfg(feature = \"sqlite\")]\nfn f() {}"),
            ("src/a.rs", "#[cfg(feature = \"sqlite\")]\nuse crate::store;"),
            ("src/a.rs", "#[cfg(any(\n    feature = \"a\",\n    feature = \"b\"\n))]\nstruct A;"),
            ("src/a.rs", "fn f() -> bool { cfg!(feature = \"sqlite\") }"),
            ("src/a.rs", "#[cfg_attr(feature = \"serde\", derive(Serialize))]\nstruct A;"),
            ("src/a.rs", "#![cfg(feature = \"sqlite\")]\nfn f() {}"),
            ("src/a.rs", "match x {\n    #[cfg(not(feature = \"a\"))]\n    1 => 2,\n}"),
        ],
        &[
            ("src/a.rs", "#[cfg(feature = \"sqlite\")]\npub mod sqlite;"),
            ("src/a.rs", "#[cfg(feature = \"sqlite\")]\n#[doc(inline)]\npub use sqlite::S;"),
            ("src/a.rs", "#[cfg(feature = \"a\")]\n/// Says.\n#[macro_export]\nmacro_rules! m {}"),
            ("src/a.rs", "#[cfg(any(\n    feature = \"a\",\n    feature = \"b\"\n))]\nmod ab;"),
            ("src/a.rs", "#![cfg_attr(docsrs, feature(doc_cfg))]\n#[cfg(test)]\nuse a::b;"),
            ("tests/it/a.rs", "#[cfg(feature = \"sqlite\")]\nfn f() {}"),
        ],
    );
}

fn unexplained_features(path: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let mut in_features = false;
    let mut before = "";
    for (index, line) in text.lines().enumerate() {
        if line.starts_with('[') {
            in_features = line == "[features]";
        }
        let name = line.split_once('=').map(|(name, _)| name.trim());
        if let Some(name) = name
            && path == "Cargo.toml"
            && in_features
            && !line.starts_with(['#', ' '])
            && !before.starts_with('#')
        {
            let what = format!("feature `{name}` has no comment above it that explains it");
            findings.push(finding(path, index + 1, &what));
        }
        before = line;
    }
    findings
}

fn conditional_code(path: &str, text: &str) -> Vec<String> {
    if !is_source(path) {
        return Vec::new();
    }
    let code = take_apart(text).code;
    let lines: Vec<&str> = code.lines().map(str::trim).collect();
    let mut findings = Vec::new();
    for at in 0..lines.len() {
        let line = lines[at];
        let is_outer = line.starts_with("#[cfg(");
        let is_condition = is_outer
            || line.starts_with("#![cfg(")
            || line.contains("cfg!(")
            || line.contains("[cfg_attr(");
        if !is_condition {
            continue;
        }
        let end = (at..lines.len()).find(|&i| lines[i].ends_with(']')).unwrap_or(at);
        let condition = lines[at..=end].concat();
        let on_feature = condition
            .match_indices("feature")
            .any(|(i, word)| condition[i + word.len()..].trim_start().starts_with('='));
        if on_feature && !(is_outer && stands_on_module(&lines[end + 1..])) {
            let what = "a feature's condition belongs on `mod`, `pub use` or an exported macro";
            findings.push(finding(path, at + 1, what));
        }
    }
    findings
}

/// Whether the item after an attribute is a module, a re-export or an exported macro.
fn stands_on_module(lines: &[&str]) -> bool {
    let mut exported = false;
    for line in lines {
        exported |= *line == "#[macro_export]";
        if line.is_empty() || line.starts_with("#[") {
            continue;
        }
        let is_public = line.starts_with("pub");
        let mut words = line.split_whitespace().filter(|word| !word.starts_with("pub"));
        let first = words.next().unwrap_or_default();
        return first == "mod"
            || (first == "use" && is_public)
            || (exported && contains_word(line, "macro_rules!"));
    }
    false
}
