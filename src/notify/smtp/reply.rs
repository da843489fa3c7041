//! What a server answers: its code, its enhanced code, its words.

use std::fmt;
use std::time::Duration;

/// Lines of one reply that are read; a longer one is no reply but an attack or a broken server.
pub(super) const REPLY_LINES_MAX: usize = 64;

/// Bytes of one line of a reply, its end included.
pub(super) const REPLY_LINE_BYTES_MAX: usize = 2 * 1024;

/// Longer waits that a text asks for are cut: they would outlive every reminder.
const WAIT_MAX: Duration = Duration::from_secs(24 * 60 * 60);

/// A server's reply (RFC 5321, section 4.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpReply {
    code: u16,
    enhanced: Option<EnhancedCode>,
    lines: Vec<String>,
}

/// An enhanced status code (RFC 3463), such as `5.1.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct EnhancedCode {
    /// 2, 4 or 5.
    pub class: u8,
    /// What it is about: 1 addresses, 2 mailboxes, 7 policy.
    pub subject: u16,
    /// What exactly.
    pub detail: u16,
}

impl SmtpReply {
    /// The three digits, 200 to 599.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The enhanced code, if its class goes with the first digit (RFC 2034, section 4).
    pub fn enhanced(&self) -> Option<EnhancedCode> {
        self.enhanced
    }

    /// The words, lines joined by a space. They may hold anything, addresses included.
    pub fn text(&self) -> String {
        self.lines.join(" ")
    }

    /// The words line by line: EHLO answers so.
    pub(super) fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }

    /// `250`, or `550 5.1.1`.
    pub(super) fn codes(&self) -> String {
        match self.enhanced {
            Some(enhanced) => format!("{} {enhanced}", self.code),
            None => self.code.to_string(),
        }
    }

    /// Whether the first digit says yes. A `3xx` does not: it asks for more.
    pub(super) fn is_positive(&self) -> bool {
        self.code / 100 == 2
    }

    /// Whether the first digit says no, for now or for good.
    pub(super) fn is_negative(&self) -> bool {
        matches!(self.code / 100, 4 | 5)
    }

    /// How long the text asks to wait, at most a day: a number with a unit (`300 seconds`,
    /// `5 min`), or hours, minutes and seconds (`00:05:00`).
    pub(super) fn wait(&self) -> Option<Duration> {
        wait_in(&self.text())
    }
}

impl EnhancedCode {
    fn read(word: &str) -> Option<EnhancedCode> {
        let mut parts = word.split('.').map(|part| {
            let is_number =
                (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
            is_number.then(|| part.parse::<u16>().ok()).flatten()
        });
        let (class, subject, detail) = (parts.next()??, parts.next()??, parts.next()??);
        let class = u8::try_from(class).ok().filter(|class| matches!(class, 2 | 4 | 5))?;
        parts.next().is_none().then_some(EnhancedCode { class, subject, detail })
    }

    pub(super) fn triple(self) -> (u8, u16, u16) {
        (self.class, self.subject, self.detail)
    }
}

impl fmt::Display for EnhancedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// A reply in the making, line by line.
#[derive(Debug, Default)]
pub(super) struct ReplyInPart {
    code: Option<u16>,
    enhanced: Option<EnhancedCode>,
    lines: Vec<String>,
}

impl ReplyInPart {
    /// Takes one line without its end, and gives the reply when it was the last one.
    ///
    /// # Errors
    ///
    /// In words, why this is no reply.
    pub(super) fn push(&mut self, line: &[u8]) -> Result<Option<SmtpReply>, &'static str> {
        let (digits, rest) = line.split_at_checked(3).ok_or("a line without a code")?;
        let is_code = digits.iter().all(u8::is_ascii_digit) && matches!(digits[0], b'2'..=b'5');
        if !is_code {
            return Err("a line without a code");
        }
        let code = digits.iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
        if self.code.is_some_and(|first| first != code) {
            return Err("lines with different codes");
        }
        let (is_last, text) = match rest.split_first() {
            None => (true, &b""[..]),
            Some((b' ', text)) => (true, text),
            Some((b'-', text)) => (false, text),
            Some(_) => return Err("a line without a code"),
        };
        if self.lines.len() == REPLY_LINES_MAX {
            return Err("more than 64 lines");
        }
        let first = self.code.is_none();
        self.code = Some(code);
        self.keep(first, &String::from_utf8_lossy(text));
        Ok(is_last.then(|| SmtpReply {
            code,
            enhanced: self.enhanced,
            lines: std::mem::take(&mut self.lines),
        }))
    }

    /// Keeps the words of a line; an enhanced code in front of them is kept apart, once.
    fn keep(&mut self, first: bool, text: &str) {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        let class = self.code.unwrap_or_default() / 100;
        let enhanced = EnhancedCode::read(word).filter(|code| u16::from(code.class) == class);
        if first {
            self.enhanced = enhanced;
        }
        let repeats = enhanced.is_some() && enhanced == self.enhanced;
        self.lines.push(if repeats { rest } else { text }.trim().to_owned());
    }
}

fn wait_in(text: &str) -> Option<Duration> {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || ",;()".contains(c))
        .map(|word| word.trim_matches(|c: char| ".!?:\"'[]".contains(c)))
        .filter(|word| !word.is_empty())
        .collect();
    let seconds = words.iter().enumerate().find_map(|(at, word)| {
        clock_seconds(word).or_else(|| {
            let digits = word.bytes().take_while(u8::is_ascii_digit).count();
            let number: u64 = word[..digits].parse().ok()?;
            let unit = if digits == word.len() { words.get(at + 1)? } else { &word[digits..] };
            number.checked_mul(unit_seconds(unit)?)
        })
    })?;
    Some(Duration::from_secs(seconds).min(WAIT_MAX))
}

fn unit_seconds(unit: &str) -> Option<u64> {
    match unit.to_ascii_lowercase().as_str() {
        "s" | "sec" | "secs" | "second" | "seconds" => Some(1),
        "m" | "min" | "mins" | "minute" | "minutes" => Some(60),
        "h" | "hour" | "hours" => Some(3_600),
        _ => None,
    }
}

/// `00:05:00`.
fn clock_seconds(word: &str) -> Option<u64> {
    let parts: Vec<u64> = word
        .split(':')
        .map(|part| part.parse().ok().filter(|_| part.len() == 2))
        .collect::<Option<_>>()?;
    match parts[..] {
        [hours, minutes, seconds] => Some(hours * 3_600 + minutes * 60 + seconds),
        _ => None,
    }
}

#[cfg(test)]
pub(super) fn read_reply(text: &[u8]) -> Result<SmtpReply, &'static str> {
    let mut reply = ReplyInPart::default();
    for line in text.split(|b| *b == b'\n') {
        if let Some(reply) = reply.push(line.strip_suffix(b"\r").unwrap_or(line))? {
            return Ok(reply);
        }
    }
    Err("it never ended")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_read_or_refused() {
        for (given, codes, text) in [
            (&b"250 2.0.0 Ok: queued as 4F2A\r\n"[..], "250 2.0.0", "Ok: queued as 4F2A"),
            (b"250\r\n", "250", ""),
            (b"550-5.1.1 no such\r\n550 5.1.1 user\r\n", "550 5.1.1", "no such user"),
            (b"550-5.7.2 first\r\n550 5.7.25 second\r\n", "550 5.7.2", "first 5.7.25 second"),
            (b"550 4.7.1 classes disagree\r\n", "550", "4.7.1 classes disagree"),
            (b"571 5.7.1 blocked\n", "571 5.7.1", "blocked"),
            (b"554 caf\xe9\r\n", "554", "caf\u{fffd}"),
        ] {
            let reply = read_reply(given).unwrap();
            assert_eq!((reply.codes().as_str(), reply.text().as_str()), (codes, text));
        }
        for bad in [&b"hello\r\n"[..], b"25\r\n", b"150 x\r\n", b"650 x\r\n", b"250x\r\n", b"\r\n"]
        {
            assert!(read_reply(bad).is_err(), "{}", String::from_utf8_lossy(bad));
        }
        assert_eq!(read_reply(b"250-a\r\n251 b\r\n").unwrap_err(), "lines with different codes");
    }

    #[test]
    fn a_reply_has_64_lines_at_most() {
        let of = |lines: usize| format!("{}250 end\r\n", "250-more\r\n".repeat(lines - 1));
        assert!(read_reply(of(REPLY_LINES_MAX).as_bytes()).is_ok());
        assert!(read_reply(of(REPLY_LINES_MAX + 1).as_bytes()).is_err());
    }

    #[test]
    fn a_wait_is_found_in_the_text() {
        let minutes = |minutes: u64| Some(Duration::from_secs(60 * minutes));
        for (text, wait) in [
            ("Greylisted, try again in 600 seconds.", minutes(10)),
            ("greylisted for 7 minutes", minutes(7)),
            ("Greylisting in action, please come back in 00:05:00", minutes(5)),
            ("come back in 300s", minutes(5)),
            ("wait 2 hours", minutes(120)),
            ("wait 999999999999999999 hours", None),
            ("wait 9000 hours", minutes(24 * 60)),
            ("[203.0.113.1] try later, see http://x.example/5", None),
            ("", None),
        ] {
            assert_eq!(wait_in(text), wait, "{text}");
        }
    }
}
