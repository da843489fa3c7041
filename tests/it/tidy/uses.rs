//! What a source file uses of its own crate: every `crate::` and `super::` path, groups unfolded.

use super::lexer::{is_word, take_apart, without_tests};
use super::{is_source, is_test_module};

/// A path to something of the crate, counted from its root, and the line where it begins.
pub(super) struct Use {
    pub(super) line: usize,
    pub(super) target: Vec<String>,
}

/// All `crate::` and `super::` paths of the file outside its test modules, groups unfolded.
pub(super) fn uses(path: &str, text: &str) -> Vec<Use> {
    if !is_source(path) || is_test_module(path) {
        return Vec::new();
    }
    let code = take_apart(&without_tests(text)).code;
    let tokens = tokens(&code);
    let word = |at: usize| tokens.get(at).map_or("", |(_, word)| *word);
    let mut modules = module_of(path);
    let mut opened_at: Vec<usize> = Vec::new();
    let mut depth = 0;
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let line = tokens[at].0;
        match word(at) {
            "mod" if word(at + 2) == "{" => {
                modules.push(word(at + 1));
                opened_at.push(depth);
            }
            "{" => depth += 1,
            "}" => {
                depth -= 1;
                if opened_at.last() == Some(&depth) {
                    opened_at.pop();
                    modules.pop();
                }
            }
            start @ ("crate" | "super") if word(at + 1) == "::" => {
                let mut base: Vec<String> = match start {
                    "crate" => Vec::new(),
                    _ => modules.iter().map(|&module| module.to_owned()).collect(),
                };
                if start == "super" {
                    base.pop();
                }
                at += 2;
                while word(at) == "super" && word(at + 1) == "::" {
                    base.pop();
                    at += 2;
                }
                let mut targets = Vec::new();
                at = unfold(&tokens, at, &base, &mut targets);
                let is_macro = word(at) == "!" && targets.iter().all(|target| target.len() == 1);
                if !is_macro {
                    found.extend(targets.into_iter().map(|target| Use { line, target }));
                }
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// The first folder or file below `src`, without its extension.
pub(super) fn room(path: &str) -> &str {
    module_of(path).first().copied().unwrap_or_default()
}

/// `src/store/sqlite/mod.rs` is `store::sqlite`.
pub(super) fn module_of(path: &str) -> Vec<&str> {
    let inner = path.strip_prefix("src/").and_then(|path| path.strip_suffix(".rs"));
    let inner = inner.unwrap_or_default();
    inner.strip_suffix("/mod").unwrap_or(inner).split('/').collect()
}

/// Adds each path of the use tree at `at`, below `base`, to `found`; returns where the tree ends.
fn unfold(
    tokens: &[(usize, &str)],
    mut at: usize,
    base: &[String],
    found: &mut Vec<Vec<String>>,
) -> usize {
    let word = |at: usize| tokens.get(at).map_or("", |(_, word)| *word);
    let mut path = base.to_vec();
    loop {
        if word(at) == "{" {
            at += 1;
            while !matches!(word(at), "}" | "") {
                at = unfold(tokens, at, &path, found);
                while !matches!(word(at), "," | "}" | "") {
                    at += 1;
                }
                if word(at) == "," {
                    at += 1;
                }
            }
            return at + 1;
        }
        if word(at) == "<" {
            break;
        }
        if word(at) != "self" {
            path.push(word(at).to_owned());
        }
        at += 1;
        if word(at) != "::" {
            break;
        }
        at += 1;
    }
    if !path.is_empty() {
        found.push(path);
    }
    at
}

/// Words, `::` and single marks, each with its line.
fn tokens(code: &str) -> Vec<(usize, &str)> {
    let mut tokens = Vec::new();
    for (index, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = match first {
                c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
                ':' if rest.starts_with("::") => 2,
                c => c.len_utf8(),
            };
            tokens.push((index + 1, &rest[..length]));
            rest = rest[length..].trim_start();
        }
    }
    tokens
}

#[test]
fn every_form_of_a_path_is_counted_from_the_crate() {
    let table: &[(&str, &str, &[&str])] = &[
        ("src/a.rs", "use crate::b::C;", &["b::C"]),
        ("src/a.rs", "use crate::{b::{C, d::E as F}, g};", &["b::C", "b::d::E", "g"]),
        ("src/a.rs", "use crate::b::{self, C};", &["b", "b::C"]),
        ("src/a.rs", "use crate::b::*;", &["b::*"]),
        ("src/a.rs", "fn f() -> crate::b::C<crate::d::E> {}", &["b::C", "d::E"]),
        ("src/a.rs", "let x = crate::b::f::<u8>(super::c::D);", &["b::f", "c::D"]),
        ("src/a/b/mod.rs", "use super::super::c::D;", &["c::D"]),
        ("src/a/b/mod.rs", "use super::{c, d::E};", &["a::c", "a::d::E"]),
        ("src/a/b.rs", "mod m {\n    use super::c;\n}\nuse super::d;", &["a::b::c", "a::d"]),
        ("src/a.rs", "crate::shout!(); crate::b::shout!();", &["b::shout"]),
        ("src/a.rs", "pub(crate) fn f() {} // crate::b", &[]),
        ("tests/it/a.rs", "use crate::b::C;", &[]),
    ];
    for (path, text, expected) in table {
        let found: Vec<String> =
            uses(path, text).into_iter().map(|found| found.target.join("::")).collect();
        assert_eq!(found, *expected, "{text}");
    }
}
