//! A relay that answers at once, and a client that only writes bytes and waits for the answers.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::Result;

/// What one client wrote for one message: commands, and the content with its final dot.
pub(crate) type Letter = Vec<Vec<u8>>;

/// A relay on threads of its own; it ends with the process.
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    last: Arc<Mutex<Letter>>,
}

impl Relay {
    /// Starts one that offers these extensions and answers after `delay`, as far away ones do.
    pub(crate) fn start(offers: &'static [&'static str], delay: Duration) -> Result<Relay> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let last = Arc::new(Mutex::default());
        let kept = Arc::clone(&last);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = Arc::clone(&kept);
                // A client that goes away ends its conversation.
                std::thread::spawn(move || converse(stream, offers, delay, &kept));
            }
        });
        Ok(Relay { address, last })
    }

    /// What was written for the last message.
    pub(crate) fn last(&self) -> Letter {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn converse(
    mut stream: TcpStream,
    offers: &[&str],
    delay: Duration,
    last: &Mutex<Letter>,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    stream.write_all(b"220 bench.example ESMTP\r\n")?;
    let offered: String = offers.iter().map(|offer| format!("250-{offer}\r\n")).collect();
    let hello = format!("250-bench.example\r\n{offered}250 8BITMIME\r\n");
    let (mut unread, mut answers, mut letter) = (Vec::new(), Vec::new(), Letter::new());
    let mut in_content = false;
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let count = stream.read(&mut chunk)?;
        if count == 0 {
            return Ok(());
        }
        unread.extend_from_slice(&chunk[..count]);
        loop {
            let end: &[u8] = if in_content { b"\r\n.\r\n" } else { b"\r\n" };
            let Some(length) = find(&unread, end).map(|at| at + end.len()) else { break };
            let bytes: Vec<u8> = unread.drain(..length).collect();
            let answer: &[u8] = match bytes.get(..4).unwrap_or_default() {
                _ if in_content => b"250 2.0.0 Ok: queued as 4F2A\r\n",
                b"DATA" => b"354 go on\r\n",
                b"EHLO" => hello.as_bytes(),
                b"QUIT" => b"221 2.0.0 bye\r\n",
                _ => b"250 2.0.0 ok\r\n",
            };
            if bytes.starts_with(b"MAIL") {
                letter.clear();
            }
            letter.push(bytes);
            if in_content {
                last.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&letter);
            }
            in_content = answer.starts_with(b"354");
            answers.extend_from_slice(answer);
        }
        if !delay.is_zero() && !answers.is_empty() {
            #[allow(clippy::disallowed_methods, reason = "a thread of its own plays a network")]
            std::thread::sleep(delay);
        }
        stream.write_all(&answers)?;
        answers.clear();
    }
}

/// From the end, where the end of a content is.
fn find(bytes: &[u8], end: &[u8]) -> Option<usize> {
    if end.len() > 2 {
        return bytes.ends_with(end).then(|| bytes.len() - end.len());
    }
    bytes.windows(end.len()).position(|at| at == end)
}

/// Writes a letter so many times over one connection, each part in one piece, and waits for the
/// answer to each before the next.
pub(crate) async fn write_raw(address: SocketAddr, letter: &Letter, messages: u64) -> Result<()> {
    let mut stream = tokio::net::TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut chunk = [0; 2 * 1024];
    read_line(&mut stream, &mut chunk).await?;
    stream.write_all(b"EHLO bench.example\r\n").await?;
    read_line(&mut stream, &mut chunk).await?;
    for _ in 0..messages {
        for part in letter {
            stream.write_all(part).await?;
            read_line(&mut stream, &mut chunk).await?;
        }
    }
    Ok(())
}

async fn read_line(stream: &mut tokio::net::TcpStream, chunk: &mut [u8]) -> Result<()> {
    let mut end = 0;
    while end < 2 || chunk[end - 2..end] != *b"\r\n" {
        match stream.read(&mut chunk[end..]).await? {
            0 => return Err("the relay has gone".into()),
            count => end += count,
        }
    }
    Ok(())
}
