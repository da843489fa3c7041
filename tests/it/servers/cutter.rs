//! A proxy before a Postgres server that cuts the connection at one statement, the nth.
//!
//! It speaks just enough of the protocol to know where a request ends and when its answer is
//! complete (<https://www.postgresql.org/docs/current/protocol-message-formats.html>). After a cut
//! it waits for the server's process to end: what that process held is free by then.

use std::io::{self, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};

use sqlx::postgres::{PgPool, PgPoolOptions, PgSslMode};
use tempfile::TempDir;

use super::postgres::Server;

/// What the server has done of the request at which the connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Nothing: it never came.
    Before,
    /// All of it, and its answer was lost.
    After,
}

/// A proxy for one connection.
pub(crate) struct Cutter {
    directory: TempDir,
    cut: Receiver<bool>,
}

impl Cutter {
    /// Lets `statements` requests pass and cuts the next one.
    pub(crate) fn start(server: &Server, cut: Cut, statements: usize) -> Cutter {
        let directory = tempfile::tempdir().unwrap();
        let options = server.options();
        let name = format!(".s.PGSQL.{}", options.get_port());
        let socket = options.get_socket().expect("a server of the tests has a socket").join(&name);
        let listener = UnixListener::bind(directory.path().join(name)).unwrap();
        let (done, receiver) = channel();
        std::thread::spawn(move || {
            let client = listener.accept().unwrap().0;
            // A connection that ends otherwise ends the test that waits for an answer.
            let is_cut = pass(&client, &socket, cut, statements).unwrap_or(false);
            let _ = done.send(is_cut);
        });
        Cutter { directory, cut: receiver }
    }

    /// The one connection through it.
    pub(crate) fn pool(&self, server: &Server) -> PgPool {
        let options = server.options().socket(self.directory.path()).ssl_mode(PgSslMode::Disable);
        PgPoolOptions::new().max_connections(1).connect_lazy_with(options)
    }

    /// Whether the connection, which has ended, was cut.
    pub(crate) fn has_cut(&self) -> bool {
        self.cut.recv().unwrap()
    }
}

/// Passes requests and answers on in turn; says whether it cut the connection.
fn pass(client: &UnixStream, socket: &Path, cut: Cut, statements: usize) -> io::Result<bool> {
    let server = UnixStream::connect(socket)?;
    let (mut from_client, mut from_server) = (BufReader::new(client), BufReader::new(&server));
    let (mut to_client, mut to_server) = (client, &server);
    // The first message has no type, and is no statement.
    to_server.write_all(&message(&mut from_client, false)?)?;
    to_client.write_all(&until(&mut from_server, b"Z")?)?;
    for _ in 0..statements {
        let request = until(&mut from_client, b"QSX")?;
        to_server.write_all(&request)?;
        if request.first() == Some(&b'X') {
            return Ok(false);
        }
        to_client.write_all(&until(&mut from_server, b"Z")?)?;
    }
    let request = until(&mut from_client, b"QSX")?;
    if cut == Cut::After && request.first() != Some(&b'X') {
        to_server.write_all(&request)?;
        until(&mut from_server, b"Z")?;
    }
    server.shutdown(Shutdown::Write)?;
    from_server.read_to_end(&mut Vec::new())?;
    client.shutdown(Shutdown::Both)?;
    Ok(request.first() != Some(&b'X'))
}

/// Messages up to one that ends a request (query, sync, end of the session) or an answer (ready for
/// the next one).
fn until(from: &mut impl Read, ends: &[u8]) -> io::Result<Vec<u8>> {
    let mut messages = Vec::new();
    loop {
        let next = message(from, true)?;
        messages.extend_from_slice(&next);
        if ends.contains(&next[0]) {
            return Ok(messages);
        }
    }
}

/// One message: its type, its length (itself included, the type not), its content.
fn message(from: &mut impl Read, has_type: bool) -> io::Result<Vec<u8>> {
    let start = usize::from(has_type);
    let mut message = vec![0; start + 4];
    from.read_exact(&mut message)?;
    let length: [u8; 4] = message[start..].try_into().expect("four bytes were read");
    message.resize(start + u32::from_be_bytes(length) as usize, 0);
    from.read_exact(&mut message[start + 4..])?;
    Ok(message)
}
