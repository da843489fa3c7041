//! Who may use whom: the layers of the crate as data, and every path in `src` held against them.

use super::uses::{Use, module_of, room, uses};
use super::{finding, hold, is_source};

/// Each room of `src` and the rooms that it may use. `lib.rs`, `guide.rs` and the program in
/// `bin`, a crate of its own, stand above all of them.
const LAYERS: &[(&str, &[&str])] = &[
    ("admin", &["inspect", "scheduler", "render", "notify", "store", "task", "policy", "time"]),
    ("inspect", &["scheduler", "store", "task", "policy", "time"]),
    ("testing", &["scheduler", "notify", "store", "task", "policy", "time"]),
    ("scheduler", &["render", "notify", "store", "task", "policy", "time"]),
    ("render", &["task", "policy", "time"]),
    ("notify", &["task", "policy", "time"]),
    ("store", &["task", "policy", "time"]),
    ("task", &["policy", "time"]),
    ("policy", &["time"]),
    ("time", &[]),
];

/// What is in `src` and no room.
const FREE: &[&str] = &["lib", "guide", "bin"];

/// Port, module and how the module's public types begin. The engine and the rest of the port know
/// the port alone; only the port's `mod.rs` names its adapters, to re-export them.
const ADAPTERS: &[(&str, &str, &str)] = &[
    ("store", "memory", "Memory"),
    ("store", "sqlite", "Sqlite"),
    ("store", "postgres", "Postgres"),
    ("notify", "memory", "Memory"),
    ("notify", "console", "Console"),
    ("notify", "smtp", "Smtp"),
    ("notify", "webhook", "Webhook"),
    ("notify", "sms", "Sms"),
    ("render", "template", "Template"),
];

#[test]
fn every_room_is_in_the_table() {
    hold(
        unknown_rooms,
        &[("src/utils.rs", ""), ("src/helpers/mod.rs", "")],
        &[("src/lib.rs", ""), ("src/bin/puntual/main.rs", ""), ("src/store/mod.rs", "")],
    );
}

#[test]
fn no_room_uses_one_above_or_beside_it() {
    hold(
        upward_uses,
        &[
            ("src/time/zone.rs", "use crate::policy::Retry;"),
            ("src/store/ext.rs", "use crate::{\n    task::Task,\n    notify::Attempt,\n};"),
            ("src/store/mod.rs", "fn f(x: crate::scheduler::Config) {}"),
            ("src/notify/smtp/mod.rs", "use super::super::render::Renderer;"),
            ("src/render/mod.rs", "use super::store::TaskStore;"),
            ("src/render/mod.rs", "mod inner {\n    use super::super::store::TaskStore;\n}"),
            ("src/inspect/mod.rs", "use crate::notify::Attempt;"),
            ("src/scheduler/plan.rs", "use crate::inspect::explain;"),
            ("src/task/mod.rs", "use crate::Scheduler;"),
            ("src/task/mod.rs", "use crate::*;"),
            ("src/time/mod.rs", "macro_rules! m {\n    () => { $crate::task::Task };\n}"),
        ],
        &[
            ("src/lib.rs", "pub use crate::scheduler::Scheduler;"),
            ("src/scheduler/mod.rs", "use crate::{render::Renderer, task::{Task, id::Id as I}};"),
            ("src/store/mod.rs", "mod sealed {\n    pub trait S {}\n    impl S for super::X {}\n}"),
            ("src/store/mod.rs", "//! See [`crate::scheduler`].\nuse crate::store::rows;"),
            ("src/store/mod.rs", "pub(in crate::store) fn f() { crate::shout!() }"),
            ("src/task/mod.rs", "#[cfg(test)]\nmod tests {\n    use crate::store::MemoryStore;\n}"),
            ("src/task/id.rs", "use super::text::SafeText;"),
        ],
    );
}

#[test]
fn adapters_are_known_only_to_themselves_and_above_the_engine() {
    hold(
        adapter_uses,
        &[
            ("src/scheduler/round.rs", "use crate::store::sqlite::SqliteStore;"),
            ("src/scheduler/builder.rs", "use crate::notify::SmtpNotifier;"),
            ("src/scheduler/builder.rs", "use crate::store::{MemoryStore, TaskStore};"),
            ("src/store/sqlite/mod.rs", "use crate::store::postgres::rows;"),
            ("src/store/sqlite/rows.rs", "use super::super::memory::Row;"),
            ("src/store/memory.rs", "use super::sqlite::rows;"),
            ("src/store/ext.rs", "use super::SqliteStore;"),
            ("src/notify/webhook/mod.rs", "use crate::notify::sms::Client;"),
        ],
        &[
            ("src/store/mod.rs", "pub use crate::store::sqlite::SqliteStore;"),
            ("src/store/sqlite/mod.rs", "use super::{TaskStore, sqlite::rows};"),
            ("src/store/sqlite/rows.rs", "use super::error::SqliteFault;"),
            ("src/scheduler/round.rs", "use crate::store::TaskStore;"),
            ("src/testing/mod.rs", "use crate::store::MemoryStore;"),
            ("src/notify/webhook/mod.rs", "use crate::task::WebhookUrl;"),
        ],
    );
}

fn unknown_rooms(path: &str, _text: &str) -> Vec<String> {
    let room = room(path);
    let known = FREE.contains(&room) || LAYERS.iter().any(|(name, _)| *name == room);
    if is_source(path) && !known {
        return vec![finding(path, 1, &format!("the table of layers has no room `{room}`"))];
    }
    Vec::new()
}

fn upward_uses(path: &str, text: &str) -> Vec<String> {
    let own = room(path);
    let Some((_, below)) = LAYERS.iter().find(|(name, _)| *name == own) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for Use { line, target } in uses(path, text) {
        let room = target[0].as_str();
        if room == own || below.contains(&room) {
            continue;
        }
        let what = if LAYERS.iter().any(|(name, _)| *name == room) {
            format!("`{own}` may not use `{room}`")
        } else {
            format!("`crate::{room}` hides its room; name it where it is declared")
        };
        findings.push(finding(path, line, &what));
    }
    findings
}

fn adapter_uses(path: &str, text: &str) -> Vec<String> {
    let own = module_of(path);
    let is_port = ADAPTERS.iter().any(|(port, ..)| *port == room(path));
    if !is_source(path) || !(is_port || room(path) == "scheduler") || (is_port && own.len() == 1) {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for Use { line, target } in uses(path, text) {
        let adapter = ADAPTERS.iter().find(|(port, module, prefix)| {
            target[0] == *port
                && target.get(1).is_some_and(|name| name == module || name.starts_with(prefix))
        });
        if let Some((port, module, _)) = adapter
            && !own.starts_with(&[port, module])
        {
            let what = format!("the adapter `{port}::{module}` is no business of this file");
            findings.push(finding(path, line, &what));
        }
    }
    findings
}
