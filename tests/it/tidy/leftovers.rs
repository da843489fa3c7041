//! What a finished tree does not have: gaps, debugging aids, tests switched off, code kept alive
//! that nobody calls.

use super::lexer::{contains_word, lines_with, take_apart};
use super::{finding, hold, is_rust};

/// Not in code.
const IN_CODE: &[&str] = &["todo!", "unimplemented!", "dbg!", "#[ignore", "dead_code"];

/// Not in comments and prose, where examples live too.
const IN_PROSE: &[&str] = &["TODO", "FIXME", "todo!", "unimplemented!"];

#[test]
fn nothing_is_left_unfinished_or_switched_off() {
    hold(
        leftovers,
        &[
            ("src/task/mod.rs", "fn f() { todo!() }"),
            ("src/task/mod.rs", "fn f() { unimplemented!(\"later\") }"),
            ("examples/a.rs", "fn f() { dbg!(1); }"),
            ("tests/it/a.rs", "#[test]\n#[ignore = \"slow\"]\nfn f() {}"),
            ("src/task/mod.rs", "#[allow(dead_code)]\nfn f() {}"),
            ("src/task/mod.rs", "// TODO: the rest\n"),
            ("src/task/mod.rs", "/// ```\n/// todo!()\n/// ```\nfn f() {}"),
            ("src/task/mod.rs", "/// ```ignore\n/// f();\n/// ```\nfn f() {}"),
            ("src/guide/tutorial.md", "```rust,ignore\nf();\n```\n"),
            ("README.md", "FIXME\n"),
            ("src/store/sqlite/sql/claim.sql", "-- TODO: an index\nselect 1\n"),
        ],
        &[
            ("src/task/mod.rs", "/// Does not ignore case.\nfn f() { g(\"todo!\") }"),
            ("README.md", "```\nignore\n```\n"),
            ("benches/raw/mod.rs", "#![allow(dead_code)]\n"),
        ],
    );
}

fn leftovers(path: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let prose = if is_rust(path) {
        let source = take_apart(text);
        // Every bench is a program of its own and uses a part of what they share.
        let allowed = |word: &&&str| **word == "dead_code" && path.starts_with("benches/");
        for word in IN_CODE.iter().filter(|word| !allowed(word)) {
            for line in lines_with(&source.code, word) {
                findings.push(finding(path, line, &format!("`{word}`")));
            }
        }
        source.comments
    } else if path.ends_with(".md") || path.ends_with(".sql") || path.ends_with(".sh") {
        text.to_owned()
    } else {
        return findings;
    };
    for (index, line) in prose.lines().enumerate() {
        for word in IN_PROSE.iter().filter(|word| contains_word(line, word)) {
            findings.push(finding(path, index + 1, &format!("`{word}`")));
        }
        let shown = line.trim().trim_start_matches(['/', '!']).trim_start();
        if shown.starts_with("```") && contains_word(shown, "ignore") {
            findings.push(finding(path, index + 1, "an example that nobody compiles"));
        }
    }
    findings
}
