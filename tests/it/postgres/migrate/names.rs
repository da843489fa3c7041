//! S11: a schema's name is plain, and means itself even where it is a word of the language.

use fastrand::Rng;
use puntual::store::{PostgresStore, SchemaName, TaskStore};

use super::NEWEST;
use super::calls::every_call;
use crate::postgres::execute;
use crate::servers::postgres::Server;

const NAMES: usize = 200;

/// What names are made of.
const PIECES: &[&str] = &[
    "a",
    "z9",
    "_",
    "7",
    "A",
    "select",
    "\"",
    "'",
    ";",
    "--",
    "/*",
    " ",
    ".",
    "$1",
    "\\",
    "\n",
    "é",
    "\u{202e}",
    "%s",
    "{}",
    "e'",
    "::text",
    ")",
    "drop schema public",
];

/// The grammar, said once more: `[a-z_][a-z0-9_]{0,40}`.
fn is_plain(name: &str) -> bool {
    let small = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    let mut bytes = name.bytes();
    bytes.next().is_some_and(small)
        && bytes.all(|byte| small(byte) || byte.is_ascii_digit())
        && name.len() <= 41
}

#[test]
fn s11_a_name_is_plain_or_refused() {
    let mut rng = Rng::with_seed(11);
    let mut plain = 0;
    for _ in 0..NAMES {
        let pieces = (0..rng.usize(0..5)).map(|_| PIECES[rng.usize(0..PIECES.len())]);
        let name: String = pieces.collect();
        plain += usize::from(is_plain(&name));
        assert_eq!(SchemaName::new(name.clone()).is_ok(), is_plain(&name), "{name:?}");
    }
    assert!((10..NAMES / 2).contains(&plain), "{plain} of {NAMES} are plain");
}

#[tokio::test]
async fn s11_words_of_the_language_are_names_like_others() {
    let server = Server::shared();
    let pool = server.pool().await;
    // In the shared server nobody else takes these.
    for name in ["select", "user", "all", "_", "puntual_puntual", &"x".repeat(41)] {
        let store = PostgresStore::new(pool.clone()).with_schema(SchemaName::new(name).unwrap());
        execute(&store, "drop schema if exists \"{}\" cascade").await;
        store.migrate().await.unwrap();
        assert_eq!(store.probe().await.unwrap().schema, NEWEST, "{name}");
        every_call(&store).await;
        assert_eq!(store.schema().as_str(), name);
        execute(&store, "drop schema \"{}\" cascade").await;
    }
}
