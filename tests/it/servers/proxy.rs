//! A proxy between a pool and a Postgres server that knows where a statement ends, and fails at
//! the one that it is told.
//!
//! A statement is what a client sends before it waits: up to a `Sync` or a simple query, of the
//! protocol of <https://www.postgresql.org/docs/current/protocol-message-formats.html>.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::postgres::Server;

/// What befalls a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection is cut, and the server has seen nothing.
    BeforeSend,
    /// It is cut as soon as everything was sent.
    AfterSend,
    /// It is cut in the middle of the answer: the server has done everything.
    MidAnswer,
    /// It is cut when the whole answer was heard.
    AfterAnswer,
    /// It stays open, and neither this statement nor anything after it passes.
    Silence,
    /// The server refuses the statement with this SQLSTATE, and goes on.
    Refused(&'static str),
}

/// A proxy on a port of this machine.
pub(crate) struct Proxy {
    address: SocketAddr,
    plan: Arc<Mutex<Plan>>,
    cuts: watch::Sender<u32>,
    _task: AbortOnDropHandle<()>,
}

#[derive(Debug, Default)]
struct Plan {
    /// Statements since it was told what to do.
    seen: usize,
    fault: Option<(usize, Fault)>,
    fired: bool,
}

impl Proxy {
    pub(crate) async fn start(server: &Server) -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let options = server.options();
        // The name that a server gives to its socket follows from the port, which stays.
        let socket = options.get_socket().unwrap().join(".s.PGSQL.5432");
        let plan = Arc::new(Mutex::new(Plan::default()));
        let cuts = watch::Sender::new(0);
        let accepting = accept(listener, socket, plan.clone(), cuts.clone());
        let task = AbortOnDropHandle::new(tokio::spawn(accepting));
        Proxy { address, plan, cuts, _task: task }
    }

    /// How to connect through it, as the owner of everything.
    pub(crate) fn options(&self) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(self.address.port())
            .ssl_mode(PgSslMode::Disable)
            .username("postgres")
            .database("postgres")
    }

    /// From now on the `nth` statement, from 0, meets this fault, and no other one does.
    pub(crate) fn fail(&self, nth: usize, fault: Fault) {
        *lock(&self.plan) = Plan { seen: 0, fault: Some((nth, fault)), fired: false };
    }

    /// Cuts every connection; the server goes on with what it is in the middle of.
    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Whether the fault has fired.
    pub(crate) fn has_fired(&self) -> bool {
        lock(&self.plan).fired
    }
}

fn lock(plan: &Mutex<Plan>) -> MutexGuard<'_, Plan> {
    plan.lock().unwrap()
}

impl Plan {
    /// What befalls this statement.
    fn next(&mut self, statement: &[u8]) -> Option<Fault> {
        let (nth, fault) = self.fault?;
        if self.fired || matches!(fault, Fault::Refused(_)) && !is_refusable(statement) {
            return None;
        }
        self.seen += 1;
        self.fired = self.seen > nth;
        self.fired.then_some(fault)
    }
}

/// Not a lone `Sync`, which asks whether the connection lives, nor the greeting.
fn is_refusable(statement: &[u8]) -> bool {
    matches!(statement, [b'P' | b'B' | b'Q' | b'D' | b'E', ..])
}

async fn accept(
    listener: TcpListener,
    socket: PathBuf,
    plan: Arc<Mutex<Plan>>,
    cuts: watch::Sender<u32>,
) {
    while let Ok((client, _)) = listener.accept().await {
        let (socket, plan, mut cut) = (socket.clone(), plan.clone(), cuts.subscribe());
        tokio::spawn(async move {
            // However it ends, both ends see a closed connection.
            tokio::select! {
                biased;
                _ = cut.changed() => {}
                _ = serve(client, socket, plan) => {}
            }
        });
    }
}

async fn serve(client: TcpStream, socket: PathBuf, plan: Arc<Mutex<Plan>>) -> io::Result<()> {
    let server = UnixStream::connect(socket).await?;
    client.set_nodelay(true)?;
    let (mut client, mut server) = (Messages::new(client), Messages::new(server));
    let mut statement = client.greeting().await?;
    loop {
        let fault = lock(&plan).next(&statement);
        if fault == Some(Fault::BeforeSend) {
            return Ok(());
        }
        match fault {
            Some(Fault::Silence) => std::future::pending().await,
            Some(Fault::Refused(code)) => server.stream.write_all(&refusal(code)).await?,
            _ => server.stream.write_all(&statement).await?,
        }
        if fault == Some(Fault::AfterSend) {
            return Ok(());
        }
        let answer = server.statement(is_answer_end).await?;
        let heard = match fault {
            Some(Fault::MidAnswer) => answer.len() / 2,
            _ => answer.len(),
        };
        client.stream.write_all(&answer[..heard]).await?;
        if fault.is_some_and(|fault| !matches!(fault, Fault::Refused(_))) {
            return Ok(());
        }
        // Meanwhile the server may speak unasked: a notification, its end.
        statement = loop {
            tokio::select! {
                biased;
                statement = client.statement(is_statement_end) => break statement?,
                said = server.anything() => client.stream.write_all(&said?).await?,
            }
        };
    }
}

/// A statement that the server refuses with this SQLSTATE, whatever it is in the middle of.
fn refusal(code: &str) -> Vec<u8> {
    let text = format!("do $$ begin raise exception 'refused' using errcode = '{code}'; end $$");
    let length = u32::try_from(4 + text.len() + 1).unwrap();
    [&b"Q"[..], &length.to_be_bytes(), text.as_bytes(), &[0]].concat()
}

fn is_statement_end(kind: u8) -> bool {
    // Sync, Query, Terminate.
    matches!(kind, b'S' | b'Q' | b'X')
}

fn is_answer_end(kind: u8) -> bool {
    kind == b'Z' // ReadyForQuery
}

/// One side, and what was read from it and not yet passed on.
struct Messages<S> {
    stream: S,
    read: Vec<u8>,
}

impl<S: AsyncRead + Unpin> Messages<S> {
    fn new(stream: S) -> Messages<S> {
        Messages { stream, read: Vec::new() }
    }

    /// Reads some more. A call that is dropped has read nothing.
    async fn more(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.read).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// The first message of a client, which has a length and no kind.
    async fn greeting(&mut self) -> io::Result<Vec<u8>> {
        loop {
            if let Some(length) = length_at(&self.read, 0)
                && self.read.len() >= length
            {
                return Ok(self.read.drain(..length).collect());
            }
            self.more().await?;
        }
    }

    /// All messages up to one of a kind that `ends`.
    async fn statement(&mut self, ends: fn(u8) -> bool) -> io::Result<Vec<u8>> {
        let mut at = 0;
        loop {
            match length_at(&self.read, at + 1) {
                Some(length) if self.read.len() > at + length => {
                    let kind = self.read[at];
                    at += 1 + length;
                    if ends(kind) {
                        return Ok(self.read.drain(..at).collect());
                    }
                }
                _ => match self.more().await {
                    Ok(()) => {}
                    // The last words of a server that closes: they are passed on.
                    Err(_) if !self.read.is_empty() => return Ok(std::mem::take(&mut self.read)),
                    Err(end) => return Err(end),
                },
            }
        }
    }

    /// Whatever is there.
    async fn anything(&mut self) -> io::Result<Vec<u8>> {
        if self.read.is_empty() {
            self.more().await?;
        }
        Ok(std::mem::take(&mut self.read))
    }
}

/// The length of the message whose length stands at `at`, itself included.
fn length_at(read: &[u8], at: usize) -> Option<usize> {
    let length = read.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_be_bytes(length) as usize)
}
