//! Absences that are promises: where time and chance enter, and what may not wait.

use super::lexer::{lines_with, take_apart};
use super::{finding, hold, is_source, sql};

/// The only file that reads a clock or waits for one.
const CLOCK_FILES: &[&str] = &["src/time/clock.rs"];

/// The only files that draw random numbers; everybody else is handed an `Entropy`.
const ENTROPY_FILES: &[&str] = &["src/task/entropy.rs"];

/// Pure decisions: values in, values out.
const PURE_FILES: &[&str] = &["src/scheduler/decide", "src/scheduler/plan"];

const CLOCKS: &[&str] = &[
    "Utc::now",
    "Local::now",
    "Timestamp::now",
    "Zoned::now",
    "SystemTime::now",
    "Instant::now",
    "UNIX_EPOCH.elapsed",
    "tokio::time",
    "thread::sleep",
];

const CHANCE: &[&str] =
    &["fastrand", "rand::", "getrandom", "RandomState", "Uuid::new_v4", "Uuid::now_v7"];

/// Ways to make an identifier that needs no other crate.
const NEW_IDS: &[&str] = &["Uuid::new_v7", "Uuid::new_v5", "Uuid::new_v8", "uuid::Builder"];

#[test]
fn only_the_system_clock_reads_the_time() {
    hold(
        clock_reads,
        &[
            ("src/scheduler/round.rs", "let now = chrono::Utc::now();"),
            ("src/notify/smtp/mod.rs", "let start = Instant::now();"),
            ("src/scheduler/worker.rs", "use tokio::time::timeout;"),
            ("src/testing/mod.rs", "std::thread::sleep(pause);"),
            ("src/time/zone.rs", "let now = jiff::Zoned::now();"),
        ],
        &[
            ("src/time/clock.rs", "let now = SystemTime::now();"),
            ("src/task/mod.rs", "/// Never `Utc::now`.\nfn f(now: DateTime<Utc>) {}"),
            ("examples/quickstart.rs", "let now = Utc::now();"),
        ],
    );
}

#[test]
fn ids_and_jitter_come_from_the_injected_source() {
    hold(
        chance,
        &[
            ("src/policy/retry.rs", "let jitter = fastrand::f64();"),
            ("src/scheduler/mod.rs", "let id = Uuid::new_v4();"),
            ("src/store/memory.rs", "let state = RandomState::new();"),
            ("src/notify/sms/mod.rs", "let mut rng = rand::rng();"),
        ],
        &[
            ("src/task/entropy.rs", "fastrand::Rng::new()"),
            ("src/task/id.rs", "Uuid::from_bytes(entropy.bytes())"),
        ],
    );
}

#[test]
fn stores_make_no_ids_and_write_no_sql_that_reads_a_clock() {
    hold(
        store_inventions,
        &[
            ("src/store/memory.rs", "let id = Uuid::new_v7(stamp);"),
            ("src/store/sqlite/mod.rs", "let id = uuid::Builder::from_random_bytes(b);"),
            ("src/store/sqlite/mod.rs", "query(\"select current_timestamp\")"),
            ("src/store/postgres/mod.rs", "query(\"select\n  now() as due_at\")"),
        ],
        &[
            ("src/store/sqlite/rows.rs", "Uuid::from_slice(bytes)"),
            ("src/store/postgres/mod.rs", "query(\"select now() as server_time\")"),
            ("src/task/id.rs", "Uuid::new_v7(stamp)"),
        ],
    );
}

#[test]
fn decisions_and_plans_do_not_wait() {
    hold(
        waiting,
        &[
            ("src/scheduler/decide.rs", "pub async fn decide() {}"),
            ("src/scheduler/plan.rs", "let x = f().await;"),
            ("src/scheduler/decide/late.rs", "let x = async { 1 };"),
        ],
        &[
            ("src/scheduler/decide.rs", "//! No `async` here.\npub fn decide() {}"),
            ("src/scheduler/round.rs", "pub async fn round() {}"),
        ],
    );
}

fn clock_reads(path: &str, text: &str) -> Vec<String> {
    if !is_source(path) || CLOCK_FILES.contains(&path) {
        return Vec::new();
    }
    words_in_code(path, text, CLOCKS, "only `time::SystemClock` reads a clock or waits")
}

fn chance(path: &str, text: &str) -> Vec<String> {
    if !is_source(path) || ENTROPY_FILES.contains(&path) {
        return Vec::new();
    }
    words_in_code(path, text, CHANCE, "chance comes from `task::Entropy`")
}

fn store_inventions(path: &str, text: &str) -> Vec<String> {
    if !is_source(path) || !path.starts_with("src/store/") {
        return Vec::new();
    }
    let mut findings = words_in_code(path, text, NEW_IDS, "a store is handed its ids");
    findings.extend(sql::inventions(path, &take_apart(text).literals));
    findings
}

fn waiting(path: &str, text: &str) -> Vec<String> {
    let is_pure = PURE_FILES.iter().any(|pure| {
        path.strip_prefix(pure).is_some_and(|rest| rest == ".rs" || rest.starts_with('/'))
    });
    if !is_pure {
        return Vec::new();
    }
    words_in_code(path, text, &["async", ".await"], "decisions are pure and do not wait")
}

fn words_in_code(path: &str, text: &str, words: &[&str], why: &str) -> Vec<String> {
    let code = take_apart(text).code;
    words
        .iter()
        .flat_map(|word| lines_with(&code, word).into_iter().map(move |line| (word, line)))
        .map(|(word, line)| finding(path, line, &format!("`{word}`: {why}")))
        .collect()
}
