//! One connection of a scripted server: a polite server, but for its script.

use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;

use super::Shared;
use super::journal::{SmtpConversation, SmtpMail};
use super::step::{Answer, SmtpStep};
use crate::notify::SmtpPhase;

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

pub(super) struct Conversation {
    shared: Arc<Shared>,
    number: usize,
    stream: Box<dyn Stream>,
    unread: Vec<u8>,
    is_protected: bool,
    /// The lines of the transaction under way.
    mail: Option<String>,
    recipients: Vec<String>,
}

/// Whether the conversation goes on.
enum Next {
    GoOn,
    End,
}

impl Conversation {
    pub(super) fn new(
        shared: Arc<Shared>,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    ) -> Conversation {
        let number = shared.journal(|journal| {
            journal.conversations.push(SmtpConversation::default());
            journal.conversations.len() - 1
        });
        Conversation {
            shared,
            number,
            stream: Box::new(stream),
            unread: Vec::new(),
            is_protected: false,
            mail: None,
            recipients: Vec::new(),
        }
    }

    /// Goes on until one side ends it.
    pub(super) async fn run(mut self) {
        let (shared, number) = (self.shared.clone(), self.number);
        // An error ends it like a goodbye: what came before it stands in the journal.
        let _ = self.talk().await;
        shared.journal(|journal| journal.conversations[number].is_over = true);
        drop(self);
    }

    async fn talk(&mut self) -> io::Result<()> {
        if self.shared.script(|script| script.implicit_tls) {
            self.protect().await?;
        }
        let greeting = match self.shared.over_the_limit() {
            true => SmtpStep::reply("421 4.7.0 too many connections").then_close(),
            false => SmtpStep::reply("220 scripted.example ESMTP"),
        };
        if let Next::End = self.act(SmtpPhase::Greeting, greeting).await? {
            return Ok(());
        }
        while let Some(line) = self.command().await? {
            if let Next::End = self.obey(&line).await? {
                break;
            }
        }
        Ok(())
    }

    async fn obey(&mut self, line: &str) -> io::Result<Next> {
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let (phase, polite) = match verb.as_str() {
            "EHLO" => (SmtpPhase::Hello, SmtpStep::bytes(self.offers())),
            "STARTTLS" => return self.start_tls().await,
            "AUTH" => return self.log_in(line).await,
            "NOOP" => (SmtpPhase::Noop, SmtpStep::reply("250 2.0.0 here")),
            "RSET" => {
                (self.mail, self.recipients) = (None, Vec::new());
                (SmtpPhase::Reset, SmtpStep::reply("250 2.0.0 forgotten"))
            }
            "MAIL" if self.mail.is_some() => {
                return self.say(SmtpStep::reply("503 5.5.1 one at a time")).await;
            }
            "MAIL" => {
                let step = self.step(SmtpPhase::Mail, SmtpStep::reply("250 2.1.0 ok"));
                self.mail = step.answer.says_yes().then(|| line.to_owned());
                return self.say(step).await;
            }
            "RCPT" if self.mail.is_none() => {
                return self.say(SmtpStep::reply("503 5.5.1 MAIL first")).await;
            }
            "RCPT" => {
                let step = self.shared.script(|script| script.step_for_recipient(line));
                let polite = step.unwrap_or(SmtpStep::reply("250 2.1.5 ok"));
                let step = self.step(SmtpPhase::Recipient, polite);
                if step.answer.says_yes() {
                    self.recipients.push(line.to_owned());
                }
                return self.say(step).await;
            }
            "DATA" if self.recipients.is_empty() => {
                return self.say(SmtpStep::reply("503 5.5.1 RCPT first")).await;
            }
            "DATA" => return self.data().await,
            "QUIT" => return self.say(SmtpStep::reply("221 2.0.0 bye").then_close()).await,
            _ => return self.say(SmtpStep::reply("500 5.5.2 what")).await,
        };
        self.act(phase, polite).await
    }

    /// The answer to EHLO. What needs TLS, or ends with it, is not offered on the wrong side.
    fn offers(&self) -> String {
        let script =
            self.shared.script(|script| (script.offers.clone(), script.acceptor.is_some()));
        let (mut offers, has_tls) = script;
        if has_tls && !self.is_protected {
            offers.push("STARTTLS".to_owned());
        }
        let mut lines = vec!["scripted.example".to_owned()];
        lines.append(&mut offers);
        let last = lines.len() - 1;
        let line = |(at, text): (usize, &String)| {
            format!("250{}{text}\r\n", if at == last { ' ' } else { '-' })
        };
        lines.iter().enumerate().map(line).collect()
    }

    async fn start_tls(&mut self) -> io::Result<Next> {
        let polite = SmtpStep::reply("220 2.0.0 go on");
        let step = self.step(SmtpPhase::StartTls, polite);
        let goes_on = step.answer.code() == Some(220);
        match self.say(step).await? {
            Next::GoOn if goes_on => self.protect().await,
            next => Ok(next),
        }
    }

    async fn protect(&mut self) -> io::Result<Next> {
        self.shared.reached(SmtpPhase::Tls);
        let step = self.shared.step(SmtpPhase::Tls);
        if let Some(step) = step {
            return self.say(step).await;
        }
        let Some(config) = self.shared.script(|script| script.acceptor.clone()) else {
            return Ok(Next::End);
        };
        let stream = std::mem::replace(&mut self.stream, Box::new(tokio::io::empty()));
        self.stream = Box::new(TlsAcceptor::from(config).accept(stream).await?);
        self.unread.clear();
        self.is_protected = true;
        let number = self.number;
        self.shared.journal(|journal| journal.conversations[number].is_protected = true);
        Ok(Next::GoOn)
    }

    /// Takes any user and password, by PLAIN at once or by LOGIN in two questions.
    async fn log_in(&mut self, line: &str) -> io::Result<Next> {
        let by_login = line.to_ascii_uppercase().starts_with("AUTH LOGIN");
        if by_login && !self.shared.has_step(SmtpPhase::Auth) {
            for question in ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"] {
                self.say(SmtpStep::reply(question)).await?;
                if self.command().await?.is_none() {
                    return Ok(Next::End);
                }
            }
        }
        self.act(SmtpPhase::Auth, SmtpStep::reply("235 2.7.0 welcome")).await
    }

    async fn data(&mut self) -> io::Result<Next> {
        let step = self.step(SmtpPhase::Data, SmtpStep::reply("354 go on"));
        let goes_on = step.answer.code() == Some(354);
        match self.say(step).await? {
            Next::GoOn if goes_on => self.content().await,
            next => Ok(next),
        }
    }

    async fn content(&mut self) -> io::Result<Next> {
        let mut raw = Vec::new();
        let mut is_first = true;
        loop {
            let Some(line) = self.line().await? else {
                return Ok(Next::End);
            };
            if std::mem::take(&mut is_first) {
                self.shared.reached(SmtpPhase::Content);
                if let Some(step) = self.shared.step(SmtpPhase::Content)
                    && let Next::End = self.say(step).await?
                {
                    return Ok(Next::End);
                }
            }
            // Only CRLF ends a line here: a bare LF before a dot ends no message.
            if line == b".\r\n" && (raw.is_empty() || raw.ends_with(b"\r\n")) {
                break;
            }
            raw.extend_from_slice(&line);
        }
        let mail = SmtpMail {
            conversation: self.number,
            mail: self.mail.take().unwrap_or_default(),
            recipients: std::mem::take(&mut self.recipients),
            raw,
            answer: None,
        };
        let place = self.shared.journal(|journal| {
            journal.mails.push(mail);
            journal.mails.len() - 1
        });
        let polite = SmtpStep::reply(&format!("250 2.0.0 Ok: queued as N{}", place + 1));
        let step = self.step(SmtpPhase::End, polite);
        if let Some(delay) = &step.delay {
            delay.pass().await;
        }
        let code = step.answer.code();
        self.shared.journal(|journal| journal.mails[place].answer = code);
        self.say(SmtpStep { delay: None, ..step }).await
    }

    /// The step of the script, or the polite one.
    fn step(&self, phase: SmtpPhase, polite: SmtpStep) -> SmtpStep {
        self.shared.reached(phase);
        self.shared.step(phase).unwrap_or(polite)
    }

    async fn act(&mut self, phase: SmtpPhase, polite: SmtpStep) -> io::Result<Next> {
        let step = self.step(phase, polite);
        self.say(step).await
    }

    async fn say(&mut self, step: SmtpStep) -> io::Result<Next> {
        if let Some(delay) = &step.delay {
            delay.pass().await;
        }
        match &step.answer {
            Answer::Bytes(bytes) => self.stream.write_all(bytes).await?,
            // Whoever says nothing reads on only to see the end: what comes meanwhile (a client may
            // write several commands at once) gets no answer either.
            Answer::Nothing if !step.closes => {
                while self.line().await?.is_some() {}
                return Ok(Next::End);
            }
            Answer::Nothing => {}
            Answer::EndlessLine => loop {
                self.stream.write_all(&[b'2'; 1024]).await?;
                self.stream.flush().await?;
            },
        }
        self.stream.flush().await?;
        if step.closes {
            // Under TLS a goodbye of its own; without, this side says that it is done.
            let _ = self.stream.shutdown().await;
            return Ok(Next::End);
        }
        Ok(Next::GoOn)
    }

    /// A line that belongs to no message; `None` at the end.
    async fn command(&mut self) -> io::Result<Option<String>> {
        let Some(line) = self.line().await? else {
            return Ok(None);
        };
        let line = String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned();
        let (number, kept) = (self.number, line.clone());
        self.shared.journal(|journal| journal.conversations[number].commands.push(kept));
        Ok(Some(line))
    }

    async fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == b'\n') {
                return Ok(Some(self.unread.drain(..=end).collect()));
            }
            let mut chunk = [0; 16 * 1024];
            let count = self.stream.read(&mut chunk).await?;
            if count == 0 {
                return Ok(None);
            }
            self.unread.extend_from_slice(&chunk[..count]);
            if !self.is_protected {
                let (number, bytes) = (self.number, chunk[..count].to_vec());
                self.shared.journal(|journal| journal.conversations[number].in_clear.extend(bytes));
            }
        }
    }
}
