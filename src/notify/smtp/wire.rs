//! The bytes of a session: written whole, read reply by reply within limits.

use std::io;
use std::sync::Arc;

use futures_util::FutureExt as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, Error as TlsError, InvalidMessage};

use super::phase::Fault;
use super::reply::{REPLY_LINE_BYTES_MAX, ReplyInPart, SmtpReply};

/// What bytes go through: TCP, or TLS over it.
trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for S {}

/// A connection with what was read of it and not yet understood.
pub(super) struct Wire {
    stream: Box<dyn Stream>,
    unread: Vec<u8>,
}

impl Wire {
    pub(super) fn new(stream: impl AsyncRead + AsyncWrite + Send + Sync + Unpin + 'static) -> Wire {
        Wire { stream: Box::new(stream), unread: Vec::new() }
    }

    /// The same connection under TLS, and the version of TLS. What was read in clear is forgotten.
    pub(super) async fn upgrade(
        self,
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
    ) -> Result<(Wire, Option<String>), Fault> {
        let stream = TlsConnector::from(config).connect(name, self.stream).await;
        let stream = stream.map_err(tls_fault)?;
        let version = stream.get_ref().1.protocol_version();
        let version = version.map(|version| format!("{version:?}").replace('_', "."));
        Ok((Wire::new(stream), version))
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.stream.write_all(bytes).await.map_err(fault)?;
        self.stream.flush().await.map_err(fault)
    }

    /// Reads one reply. Nothing may follow it: a server that answers more than it was asked is
    /// out of step, and the next reply would be the wrong one. A goodbye (421) behind a no is
    /// unasked as well, and takes nothing from the no; it stays [unread](Wire::has_unread).
    pub(super) async fn reply(&mut self) -> Result<SmtpReply, Fault> {
        let reply = self.first_reply().await?;
        self.alone(reply, SmtpReply::is_negative)
    }

    /// As [`Wire::reply`], after the final dot: a server that accepts and says goodbye in one
    /// breath has accepted.
    pub(super) async fn last_reply(&mut self) -> Result<SmtpReply, Fault> {
        let reply = self.first_reply().await?;
        self.alone(reply, |reply| reply.is_negative() || reply.is_positive())
    }

    /// The reply, if nothing follows it, or a goodbye where it `may_end` so.
    fn alone(
        &self,
        reply: SmtpReply,
        may_end: impl Fn(&SmtpReply) -> bool,
    ) -> Result<SmtpReply, Fault> {
        if self.unread.is_empty() || self.unread.starts_with(b"421") && may_end(&reply) {
            return Ok(reply);
        }
        Err(Fault::Odd(format!("{} bytes after the reply {}", self.unread.len(), reply.codes())))
    }

    /// Whether there is more than was asked for: then the connection is used no more.
    pub(super) fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    /// A reply that is there without having been asked for, if it is there whole.
    pub(super) async fn early_reply(&mut self) -> Option<SmtpReply> {
        self.first_reply().now_or_never()?.ok()
    }

    /// Whether the server has said nothing more, and has not closed.
    pub(super) async fn is_quiet(&mut self) -> bool {
        matches!(self.unasked().await, Ok(false))
    }

    /// Whether there are bytes that nobody asked for.
    pub(super) async fn unasked(&mut self) -> Result<bool, Fault> {
        // The runtime looks at its sockets before a task that yielded runs again.
        tokio::task::yield_now().await;
        if !self.unread.is_empty() {
            return Ok(true);
        }
        let mut chunk = [0; 512];
        match self.stream.read(&mut chunk).now_or_never() {
            None => Ok(false),
            Some(Ok(0)) => Err(Fault::Closed),
            Some(Ok(count)) => {
                self.unread.extend_from_slice(&chunk[..count]);
                Ok(true)
            }
            Some(Err(error)) => Err(fault(error)),
        }
    }

    /// Says goodbye without waiting for anything.
    pub(super) fn leave(mut self) {
        let _ = self.write(b"QUIT\r\n").now_or_never();
    }

    /// Reads one reply; others may follow it, where several commands were written at once.
    pub(super) async fn first_reply(&mut self) -> Result<SmtpReply, Fault> {
        let mut reply = ReplyInPart::default();
        loop {
            let line = self.line().await?;
            match reply.push(&line) {
                Ok(Some(reply)) => return Ok(reply),
                Ok(None) => {}
                Err(why) => return Err(Fault::Odd(why.to_owned())),
            }
        }
    }

    /// Reads a line, and gives it without its end. CRLF is right; a bare LF is understood.
    async fn line(&mut self) -> Result<Vec<u8>, Fault> {
        let mut looked_at = 0;
        loop {
            let end = self.unread[looked_at..].iter().position(|byte| *byte == b'\n');
            let length = end.map_or(self.unread.len(), |end| looked_at + end + 1);
            if length > REPLY_LINE_BYTES_MAX {
                let what = format!("a line of more than {REPLY_LINE_BYTES_MAX} bytes");
                return Err(Fault::Odd(what));
            }
            if end.is_some() {
                let mut line: Vec<u8> = self.unread.drain(..length).collect();
                line.pop();
                line.pop_if(|last| *last == b'\r');
                return Ok(line);
            }
            looked_at = length;
            let mut chunk = [0; REPLY_LINE_BYTES_MAX];
            match self.stream.read(&mut chunk).await.map_err(fault)? {
                0 => return Err(Fault::Closed),
                count => self.unread.extend_from_slice(&chunk[..count]),
            }
        }
    }
}

/// A peer that closes is a peer that closes, however the operating system calls it.
fn fault(error: io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => Fault::Closed,
        _ => Fault::Io(error),
    }
}

/// Bytes that are no TLS at all are a server's words in clear: it has no TLS on this port, or it
/// is so busy that it says goodbye before the handshake.
fn tls_fault(error: io::Error) -> Fault {
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<TlsError>());
    match cause {
        Some(TlsError::InvalidMessage(InvalidMessage::InvalidContentType)) => Fault::InClear,
        _ => Fault::Io(error),
    }
}
