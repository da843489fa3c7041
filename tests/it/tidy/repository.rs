//! The repository as a whole: what lies at its top, and that it names no one's machine.

use super::{finding, hold};

/// Everything that lies at the top: the crate, and what cargo's tools look for there.
const TOP_LEVEL: &[&str] = &[
    ".ci",
    ".config",
    ".gitignore",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "benches",
    "clippy.toml",
    "deny.toml",
    "examples",
    "fuzz",
    "rustfmt.toml",
    "src",
    "tests",
];

/// Folders that only some machine has. Spelt in two pieces, so that this list is no finding.
const MACHINE_PATHS: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/tmp/ba", "sh_jobs"),
];

#[test]
fn the_top_level_holds_the_crate_and_nothing_else() {
    hold(
        strays,
        &[("notes.txt", ""), ("docs/index.md", ""), (".vscode/settings.json", "")],
        &[("src/lib.rs", ""), ("Cargo.toml", ""), (".ci/run", "")],
    );
}

#[test]
fn no_file_names_a_path_of_one_machine() {
    let work = concat!("cat /wo", "rk/notes\n");
    let home = concat!("let x = \"/ro", "ot/.cargo\";\n");
    hold(
        machine_paths,
        &[("tests/run.sh", work), ("src/lib.rs", home)],
        &[
            ("README.md", concat!("https://example.com/wo", "rk/1\n")),
            ("README.md", concat!("../wo", "rk/1 and frame", "work/x\n")),
        ],
    );
}

fn strays(path: &str, _text: &str) -> Vec<String> {
    let top = path.split('/').next().unwrap_or(path);
    if TOP_LEVEL.contains(&top) {
        return Vec::new();
    }
    vec![finding(path, 1, &format!("`{top}` does not belong at the top level"))]
}

fn machine_paths(path: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for machine_path in MACHINE_PATHS {
            let starts_there = line.match_indices(machine_path).any(|(start, _)| {
                let before = line[..start].chars().next_back();
                !before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}'))
            });
            if starts_there {
                let what = format!("`{machine_path}` is a path of one machine");
                findings.push(finding(path, index + 1, &what));
            }
        }
    }
    findings
}
