//! Opening a file: its connections, what it is refused for, and which file it is.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};

use super::error::{fault, refusal};
use super::rows;
use crate::store::{StoreIdentity, StoreResult};

const OPERATION: &str = "open";

/// How long a statement waits for another connection's lock (clause 12).
const BUSY: Duration = Duration::from_secs(5);

/// Connections of a pool that [`SqliteStore::open`](super::SqliteStore::open) makes.
const CONNECTIONS: u32 = 8;

/// Fewer make a host that holds one wait for itself.
const CONNECTIONS_MIN: u32 = 2;

/// Rows that a connection reads ahead of its reader: a change of thread each costs more.
const ROWS_AHEAD: usize = 512;

/// A pool for the file at `path`, which is made if it does not exist.
pub(super) fn pool(path: &Path) -> StoreResult<SqlitePool> {
    if path.is_dir() {
        return Err(refusal(OPERATION, format!("{} is a directory", path.display())));
    }
    let directory = path.parent().filter(|directory| !directory.as_os_str().is_empty());
    if let Some(missing) = directory.filter(|directory| !directory.is_dir()) {
        let missing = missing.display();
        return Err(refusal(OPERATION, format!("there is no directory {missing}")));
    }
    let options = SqliteConnectOptions::new()
        .filename(plain(path))
        .create_if_missing(true)
        .foreign_keys(false);
    let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS);
    Ok(pool.connect_lazy_with(with_guarantees(options)))
}

/// What each connection of ours has, whatever the host's own options say: the wait for locks, a
/// commit that is on disk when it returns, and erased bytes that are overwritten.
pub(super) fn with_guarantees(options: SqliteConnectOptions) -> SqliteConnectOptions {
    options
        .busy_timeout(BUSY)
        .synchronous(SqliteSynchronous::Full)
        .pragma("secure_delete", "on")
        .pragma("temp_store", "memory")
        .row_buffer_size(ROWS_AHEAD)
}

/// What the connection that writes has besides: room for the pages that a batch touches, and a log
/// that is copied into the file every 16 MiB instead of every 4, because each copy waits for the
/// disk twice.
pub(super) fn for_writer(options: SqliteConnectOptions) -> SqliteConnectOptions {
    with_guarantees(options).pragma("cache_size", "-65536").pragma("wal_autocheckpoint", "4096")
}

/// Refuses a pool whose only connection a host could be holding while it waits for the engine.
pub(super) fn check_pool(pool: &SqlitePool) -> StoreResult<()> {
    let most = pool.options().get_max_connections();
    if most >= CONNECTIONS_MIN {
        return Ok(());
    }
    let detail = format!(
        "the pool's max_connections is {most}, at least {CONNECTIONS_MIN} are needed: a host that \
         holds the only connection would wait for itself"
    );
    Err(refusal(OPERATION, detail))
}

/// Opens the connection that writes, and says which file it is on.
pub(super) async fn writer(
    options: &SqliteConnectOptions,
) -> StoreResult<(SqliteConnection, StoreIdentity)> {
    let mut connection = options.connect().await.map_err(|cause| fault(OPERATION, cause))?;
    let row = sqlx::query("select file from pragma_database_list where name = 'main'")
        .fetch_one(&mut connection)
        .await
        .map_err(|cause| fault(OPERATION, cause))?;
    let file = rows::text(&row, 0);
    if file.is_empty() {
        let detail = "the database is in memory, where each connection has its own; `MemoryStore` \
            is made for that";
        return Err(refusal(OPERATION, detail));
    }
    Ok((connection, identity(&file)))
}

/// Path, device, file number and time of birth, as far as the system tells them: a copy differs in
/// at least one of them.
fn identity(file: &str) -> StoreIdentity {
    let path = std::fs::canonicalize(file).unwrap_or_else(|_| PathBuf::from(file));
    let mut identity = format!("sqlite {}", path.display());
    if let Ok(found) = std::fs::metadata(&path) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            identity.push_str(&format!(" device {} inode {}", found.dev(), found.ino()));
        }
        let born = found.created().ok();
        let born = born.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        if let Some(born) = born {
            identity.push_str(&format!(" born {}", born.as_micros()));
        }
    }
    StoreIdentity(identity)
}

/// A path that SQLite takes for nothing but a path.
fn plain(path: &Path) -> PathBuf {
    match path.as_os_str().as_encoded_bytes().starts_with(b"file:") {
        true => Path::new(".").join(path),
        false => path.to_owned(),
    }
}
