//! Where settings come from: the names they have there, and how they are read.

use super::config::SmtpBuilder;
use super::tls::SmtpTls;
use crate::task::{InvalidField, Rule};

/// What the settings are called.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) host: &'static str,
    pub(super) port: &'static str,
    pub(super) user: &'static str,
    pub(super) password: &'static str,
    pub(super) from: &'static str,
    pub(super) tls: &'static str,
}

/// In the builder.
pub(super) const BUILDER: Words = Words {
    host: "host",
    port: "port",
    user: "user",
    password: "password",
    from: "from",
    tls: "tls",
};

/// In a URL.
const URL: Words = Words {
    host: "host of the SMTP URL",
    port: "port of the SMTP URL",
    user: "user of the SMTP URL",
    password: "password of the SMTP URL",
    from: "from",
    tls: "tls of the SMTP URL",
};

/// In the environment.
const ENVIRONMENT: Words = Words {
    host: "SMTP_HOST",
    port: "SMTP_PORT",
    user: "SMTP_USER",
    password: "SMTP_PASSWORD",
    from: "SMTP_FROM",
    tls: "SMTP_TLS",
};

impl SmtpBuilder {
    /// Reads `SMTP_HOST`, `SMTP_PORT`, `SMTP_USER`, `SMTP_PASSWORD`, `SMTP_FROM` and `SMTP_TLS`
    /// (`implicit`, `starttls` or `none`) from the environment. Host and from are needed; an
    /// empty variable counts as absent.
    ///
    /// # Errors
    ///
    /// The variable that is missing or wrong, with the rule.
    pub fn from_env() -> Result<SmtpBuilder, InvalidField> {
        SmtpBuilder::from_vars(|name| std::env::var(name).ok())
    }

    /// As [`SmtpBuilder::from_env`], from wherever `look_up` finds the variables.
    ///
    /// # Errors
    ///
    /// The variable that is missing or wrong, with the rule.
    ///
    /// # Examples
    ///
    /// ```
    /// use puntual::notify::SmtpBuilder;
    ///
    /// let vars = |name: &str| match name {
    ///     "SMTP_HOST" => Some("smtp.example.com".to_owned()),
    ///     "SMTP_FROM" => Some("Court Club <desk@example.com>".to_owned()),
    ///     "SMTP_PORT" => Some("smtp".to_owned()),
    ///     _ => None,
    /// };
    /// let error = SmtpBuilder::from_vars(vars).unwrap_err();
    /// assert_eq!(error.to_string(), "SMTP_PORT \"smtp\" is refused: it must be a port, 1 to 65535");
    /// ```
    pub fn from_vars(
        look_up: impl Fn(&'static str) -> Option<String>,
    ) -> Result<SmtpBuilder, InvalidField> {
        let words = &ENVIRONMENT;
        let read = |name| look_up(name).filter(|value| !value.is_empty());
        let needed = |name| {
            let rule = "it must be set";
            read(name).ok_or_else(|| InvalidField::new(name, Rule::NotEmpty, rule))
        };
        let mut builder = SmtpBuilder::new(words, needed(words.host)?, needed(words.from)?);
        builder.port = read(words.port).map(|port| parse_port(words, &port)).transpose()?;
        builder.tls = read(words.tls).map(|tls| parse_tls(words, &tls)).transpose()?;
        builder.user = read(words.user);
        builder.password = read(words.password);
        Ok(builder)
    }

    /// Reads `smtps://user:password@host:port` (implicit TLS) or `smtp://..` (STARTTLS, or what
    /// `?tls=none` says); user and password percent-encoded. `from` is the sender.
    ///
    /// # Errors
    ///
    /// The part that is wrong, with the rule. It never shows a password.
    pub fn from_url(url: &str, from: impl Into<String>) -> Result<SmtpBuilder, InvalidField> {
        let words = &URL;
        let refuse = |rule: &str| Err(InvalidField::new("SMTP URL", Rule::Malformed, rule));
        let Some((scheme, rest)) = url.split_once("://") else {
            return refuse("it must begin with smtps:// or smtp://");
        };
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '#']) {
            return refuse("it has user, password, host and port, and no path or fragment");
        }
        let tls = match (scheme.to_ascii_lowercase().as_str(), query.strip_prefix("tls=")) {
            ("smtps", None) if query.is_empty() => SmtpTls::Implicit,
            ("smtp", None) if query.is_empty() => SmtpTls::StartTls,
            ("smtp", Some(tls)) => parse_tls(words, tls)?,
            ("smtps" | "smtp", _) => return refuse("it takes only ?tls=, after smtp://"),
            _ => return refuse("it must begin with smtps:// or smtp://"),
        };
        let (login, place) = rest.rsplit_once('@').map_or((None, rest), |(l, p)| (Some(l), p));
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(parse_port(words, port)?)),
            _ => (place, None),
        };
        let mut builder = SmtpBuilder::new(words, host.to_owned(), from.into());
        (builder.port, builder.tls) = (port, Some(tls));
        if let Some(login) = login {
            let (user, password) = login
                .split_once(':')
                .map_or((login, None), |(user, password)| (user, Some(password)));
            builder.user = Some(percent_decoded(words.user, user)?);
            builder.password =
                password.map(|word| percent_decoded(words.password, word)).transpose()?;
        }
        Ok(builder)
    }
}

fn parse_port(words: &Words, text: &str) -> Result<u16, InvalidField> {
    text.parse().ok().filter(|port| *port != 0).ok_or_else(|| {
        let rule = "it must be a port, 1 to 65535";
        InvalidField::new(words.port, Rule::OutOfRange, rule).with_value(text)
    })
}

fn parse_tls(words: &Words, text: &str) -> Result<SmtpTls, InvalidField> {
    match text.to_ascii_lowercase().as_str() {
        "implicit" => Ok(SmtpTls::Implicit),
        "starttls" => Ok(SmtpTls::StartTls),
        "none" => Ok(SmtpTls::None),
        _ => {
            let rule = "it must be implicit, starttls or none";
            Err(InvalidField::new(words.tls, Rule::Unknown, rule).with_value(text))
        }
    }
}

/// RFC 3986, section 2.1. The value is not shown: it may be a password.
fn percent_decoded(field: &'static str, text: &str) -> Result<String, InvalidField> {
    let refuse = || {
        let rule = "it must be percent-encoded UTF-8";
        InvalidField::new(field, Rule::Malformed, rule)
    };
    let mut bytes = text.bytes();
    let mut decoded = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|b| char::from(b).to_digit(16));
        let (high, low) = (digit().ok_or_else(refuse)?, digit().ok_or_else(refuse)?);
        decoded.push(u8::try_from(high * 16 + low).map_err(|_| refuse())?);
    }
    String::from_utf8(decoded).map_err(|_| refuse())
}
