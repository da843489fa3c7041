//! Statements in `.sql` files: lower case, one a file, with the index they use, and without a
//! clock or chance of their own.

use super::lexer::contains_word;
use super::{finding, hold};

/// What reads the database's clock or draws from its random numbers, in lower case.
const INVENTIONS: &[&str] = &[
    "now(",
    "'now'",
    "current_timestamp",
    "current_time",
    "current_date",
    "localtimestamp",
    "localtime",
    "clock_timestamp",
    "statement_timestamp",
    "transaction_timestamp",
    "timeofday",
    "datetime()",
    "date()",
    "time()",
    "julianday()",
    "unixepoch()",
    "random(",
    "randomblob(",
    "gen_random_uuid",
    "uuid_generate_v4",
    "uuidv4(",
    "uuidv7(",
];

/// The one column that may hold the database's own time: what a probe compares ours with.
const SERVER_TIME: &str = "server_time";

#[test]
fn sql_reads_no_clock_and_draws_no_lots() {
    hold(
        sql_inventions,
        &[
            ("a.sql", "select now();"),
            ("a.sql", "update t set at = CURRENT_TIMESTAMP;"),
            ("a.sql", "create table t (at text default (datetime('now')));"),
            ("a.sql", "select julianday();"),
            ("a.sql", "select strftime('%s');"),
            ("a.sql", "select id from t order by random();"),
            ("a.sql", "select gen_random_uuid();"),
        ],
        &[
            ("a.sql", "-- never now()\nselect due_at from t where known(?1);"),
            ("a.sql", "select strftime('%Y', due_at / 1000000, 'unixepoch') from t;"),
            ("a.sql", "select clock_timestamp() as server_time;"),
        ],
    );
}

#[test]
fn sql_is_written_in_lower_case() {
    hold(
        upper_case,
        &[("a.sql", "SELECT 1;"), ("a.sql", "select Id from t;")],
        &[("a.sql", "-- By index T.\nselect 'A', \"B\" from t;")],
    );
}

#[test]
fn a_statement_has_a_file_to_itself_and_names_its_index() {
    hold(
        crowded_or_unexplained,
        &[
            ("src/store/sqlite/sql/a.sql", "select 1;"),
            ("src/store/sqlite/sql/a.sql", "-- Reads.\nselect 1;"),
            ("src/store/sqlite/sql/a.sql", "-- By primary key.\nselect 1;\nselect 2;"),
            ("src/store/sqlite/sql/a.sql", "-- By primary key.\n"),
        ],
        &[
            ("src/store/sqlite/sql/a.sql", "-- Uses the index task_wake.\nselect ';' from t;\n"),
            ("src/store/sqlite/sql/a.sql", "-- By primary key.\nselect 1\n"),
            ("src/store/sqlite/migrations/1.sql", "create table a (b);\ncreate table c (d);"),
        ],
    );
}

/// Lines of `text`, which is SQL without comments, that read a clock or draw lots.
pub(super) fn inventions(path: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    for (index, line) in text.to_lowercase().lines().enumerate() {
        if contains_word(line, SERVER_TIME) {
            continue;
        }
        for word in INVENTIONS.iter().filter(|word| contains_word(line, word)) {
            let what = format!("`{word}`: time, ids and chance are arguments of a statement");
            findings.push(finding(path, index + 1, &what));
        }
        let formats_now = line.match_indices("strftime(").any(|(start, _)| {
            let arguments = line[start..].split(')').next().unwrap_or_default();
            !arguments.contains(',')
        });
        if formats_now {
            findings.push(finding(
                path,
                index + 1,
                "`strftime` without a time formats the clock's",
            ));
        }
    }
    findings
}

fn sql_inventions(path: &str, text: &str) -> Vec<String> {
    if !path.ends_with(".sql") {
        return Vec::new();
    }
    inventions(path, &Statements::of(text).with_quotes)
}

fn upper_case(path: &str, text: &str) -> Vec<String> {
    if !path.ends_with(".sql") {
        return Vec::new();
    }
    let bare = Statements::of(text).bare;
    bare.lines()
        .enumerate()
        .filter(|(_, line)| line.contains(char::is_uppercase))
        .map(|(index, line)| finding(path, index + 1, &format!("not lower case: {}", line.trim())))
        .collect()
}

fn crowded_or_unexplained(path: &str, text: &str) -> Vec<String> {
    if !path.ends_with(".sql") || !path.contains("/sql/") {
        return Vec::new();
    }
    let statements = Statements::of(text);
    let mut findings = Vec::new();
    let count = statements.bare.split(';').filter(|statement| !statement.trim().is_empty()).count();
    if count != 1 {
        findings.push(finding(path, 1, &format!("{count} statements in one file")));
    }
    let comments = statements.comments.to_lowercase();
    if !["index", "primary key", "rowid"].iter().any(|word| contains_word(&comments, word)) {
        findings.push(finding(path, 1, "no comment names the index that the statement uses"));
    }
    findings
}

/// An SQL file taken apart; every view has all line breaks.
struct Statements {
    comments: String,
    with_quotes: String,
    bare: String,
}

impl Statements {
    fn of(text: &str) -> Self {
        let mut views =
            Self { comments: String::new(), with_quotes: String::new(), bare: String::new() };
        let mut quote = None;
        let mut in_comment = false;
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            if c == '\n' {
                in_comment = false;
                views.comments.push(c);
                views.with_quotes.push(c);
                views.bare.push(c);
                continue;
            }
            in_comment |= quote.is_none() && c == '-' && chars.peek() == Some(&'-');
            if in_comment {
                views.comments.push(c);
                continue;
            }
            views.with_quotes.push(c);
            match quote {
                Some(open) if open == c => quote = None,
                Some(_) => {}
                None if matches!(c, '\'' | '"') => quote = Some(c),
                None => views.bare.push(c),
            }
        }
        views
    }
}
