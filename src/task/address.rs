//! Addresses, parsed once by a small grammar; whatever is outside it is refused.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Channel, InvalidField, Limits, Rule};

/// Where a message goes.
///
/// Addresses are personal: `Debug` and `Display` show them redacted, [`Address::as_str`] whole.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Address {
    /// A mailbox.
    Email(EmailAddress),
    /// A phone that takes text messages.
    Phone(PhoneNumber),
    /// An endpoint that takes signed requests.
    Webhook(WebhookUrl),
    /// An address of one of the host's own channels, opaque to this library.
    Custom(String),
    /// No address but a reference that the host's resolver turns into one just before sending.
    Reference(String),
}

impl Address {
    /// The address, whole.
    pub fn as_str(&self) -> &str {
        match self {
            Address::Email(address) => address.as_str(),
            Address::Phone(number) => number.as_str(),
            Address::Webhook(url) => url.as_str(),
            Address::Custom(text) | Address::Reference(text) => text,
        }
    }

    /// The channel that this sort of address belongs to, where there is just one.
    pub fn channel(&self) -> Option<Channel> {
        match self {
            Address::Email(_) => Some(Channel::EMAIL),
            Address::Phone(_) => Some(Channel::SMS),
            Address::Webhook(_) => Some(Channel::WEBHOOK),
            Address::Custom(_) | Address::Reference(_) => None,
        }
    }

    /// The address as people may see it: `j***@e***.com`, `+49***1234`.
    pub fn redacted(&self) -> String {
        redact(self.as_str())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.redacted())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

/// Redacts whatever may be an address: enough to recognise it, too little to use it.
pub(super) fn redact(text: &str) -> String {
    let first = |part: &str| part.chars().next().map(String::from).unwrap_or_default();
    if let Some((scheme, rest)) = text.split_once("://") {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        return format!("{scheme}://{}/***", redact_host(host));
    }
    if let Some((local, domain)) = text.rsplit_once('@') {
        return format!("{}***@{}", first(local), redact_host(domain));
    }
    let digits = text.chars().filter(char::is_ascii_digit).count();
    if text.starts_with('+') && digits >= 8 && digits + 1 == text.len() {
        return format!("{}***{}", &text[..3], &text[text.len() - 4..]);
    }
    format!("{}***", first(text))
}

/// `example.com` as `e***.com`; a host without a dot keeps only its first character.
fn redact_host(host: &str) -> String {
    let first = host.chars().next().map(String::from).unwrap_or_default();
    match host.rsplit_once('.') {
        Some((_, top)) => format!("{first}***.{top}"),
        None => format!("{first}***"),
    }
}

macro_rules! address {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The address, whole.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidField;

            fn from_str(text: &str) -> Result<Self, InvalidField> {
                Self::parse(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidField;

            fn try_from(text: String) -> Result<Self, InvalidField> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(address: $name) -> String {
                address.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), redact(&self.0))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&redact(&self.0))
            }
        }
    };
}

address! {
    /// One mailbox: a dot-atom local part (RFC 5321, section 4.1.2) and a domain name.
    ///
    /// Quoted local parts, comments, groups, lists and address literals are refused: each of them
    /// is a place where two parsers disagree. Unicode is allowed on both sides (RFC 6531). The
    /// domain is lower-cased; the local part is kept as given, because only the receiving host
    /// knows whether its case matters.
    ///
    /// ```
    /// use puntual::task::EmailAddress;
    ///
    /// let address: EmailAddress = "Jane.Doe@Example.COM".parse()?;
    /// assert_eq!(address.as_str(), "Jane.Doe@example.com");
    /// assert_eq!(address.to_string(), "J***@e***.com", "shown redacted");
    /// assert!("a@x.example; b@y.example".parse::<EmailAddress>().is_err());
    /// # Ok::<(), puntual::task::InvalidField>(())
    /// ```
    EmailAddress
}

impl EmailAddress {
    fn parse(text: &str) -> Result<Self, InvalidField> {
        Limits::shown_text("address", text, Limits::ADDRESS)?;
        let refuse = |rule: &str| {
            Err(InvalidField::new("address", Rule::Malformed, rule).with_value(redact(text)))
        };
        let Some((local, domain)) = text.split_once('@') else {
            return refuse("an e-mail address needs an '@'");
        };
        if domain.contains('@') {
            return refuse("one address with one '@' is expected, no list");
        }
        let atom = |part: &str| !part.is_empty() && part.chars().all(is_atom_char);
        if local.len() > 64 || !local.split('.').all(atom) {
            return refuse(
                "the part before '@' must be 1 to 64 bytes of letters, digits, single dots and \
                 !#$%&'*+-/=?^_`{|}~",
            );
        }
        let domain = domain.to_lowercase();
        let labels: Vec<&str> = domain.split('.').collect();
        if labels.len() < 2 || !labels.iter().all(|label| is_label(label)) {
            return refuse(
                "the part after '@' must be a domain name: labels of 1 to 63 letters, digits and \
                 inner hyphens, with at least one dot",
            );
        }
        if labels.last().is_some_and(|top| top.chars().all(|c| c.is_ascii_digit())) {
            return refuse("the part after '@' must be a domain name, no number");
        }
        Ok(EmailAddress(format!("{local}@{domain}")))
    }
}

/// RFC 5322 `atext`, and what RFC 6531 adds: any character outside ASCII that is not a control,
/// a space or a mark of direction.
fn is_atom_char(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || "!#$%&'*+-/=?^_`{|}~".contains(c)
        || (!c.is_ascii() && c.is_alphanumeric())
}

/// A domain label of letters, digits and inner hyphens; letters of any script (UTS 46).
fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= 63
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || is_letter_or_mark(c))
}

/// Letters, digits and the combining marks that scripts such as Devanagari need inside a word.
fn is_letter_or_mark(c: char) -> bool {
    !c.is_ascii() && (c.is_alphanumeric() || matches!(c, '\u{300}'..='\u{36f}' | '\u{94d}'))
}

address! {
    /// A phone number in canonical E.164 form: `+`, then 8 to 15 digits, the first not 0.
    ///
    /// National formats, spaces and brackets are refused: to read them needs the country, which
    /// only the host knows.
    PhoneNumber
}

impl PhoneNumber {
    fn parse(text: &str) -> Result<Self, InvalidField> {
        Limits::shown_text("address", text, Limits::ADDRESS)?;
        let digits = text.strip_prefix('+').unwrap_or_default();
        let ok = (8..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|b| b.is_ascii_digit());
        if ok {
            return Ok(PhoneNumber(text.to_owned()));
        }
        let rule = "a phone number must be '+' and 8 to 15 digits (E.164), without spaces";
        Err(InvalidField::new("address", Rule::Malformed, rule).with_value(redact(text)))
    }
}

address! {
    /// An absolute `https` or `http` URL of a webhook, without user, password or fragment.
    WebhookUrl
}

impl WebhookUrl {
    fn parse(text: &str) -> Result<Self, InvalidField> {
        Limits::shown_text("address", text, 2_048)?;
        let refuse = |rule: &str| {
            Err(InvalidField::new("address", Rule::Malformed, rule).with_value(redact(text)))
        };
        let lower = text.to_ascii_lowercase();
        let Some(scheme) = ["https://", "http://"].into_iter().find(|s| lower.starts_with(s))
        else {
            return refuse("a webhook URL must begin with https:// or http://");
        };
        let visible = |c: char| c.is_ascii_graphic() && !"\"<>\\^`{|}#".contains(c);
        let rest = &text[scheme.len()..];
        if !rest.chars().all(visible) {
            return refuse("a webhook URL is visible ASCII, percent-encoded, without a fragment");
        }
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        if authority.is_empty() || authority.contains('@') {
            return refuse("a webhook URL needs a host, and may not carry user or password");
        }
        Ok(WebhookUrl(format!("{scheme}{}{}", authority.to_lowercase(), &rest[authority.len()..])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mailboxes_are_parsed_or_refused() {
        for good in ["a@x.example", "o'neil+tag@x-y.example", "用户@例え.jp", "a.b@münchen.example"]
        {
            assert_eq!(good.parse::<EmailAddress>().unwrap().as_str(), good);
        }
        for bad in [
            "",
            "plain",
            "a@x.example; b@y.example",
            "a@x.example,b@y.example",
            "Jane <a@x.example>",
            "\"x@evil> ORCPT=a\"@ok.example",
            "a@x.example\r\nBcc: b@y.example",
            "a\0@x.example",
            ".a@x.example",
            "a..b@x.example",
            "a@localhost",
            "a@-x.example",
            "a@x..example",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a(comment)@x.example",
            "a@x.example\u{202e}",
        ] {
            let error = bad.parse::<EmailAddress>().expect_err(bad);
            assert_eq!(error.field(), "address", "{bad:?}");
        }
    }

    #[test]
    fn phones_and_urls_are_parsed_or_refused() {
        assert!("+4915112345678".parse::<PhoneNumber>().is_ok());
        for bad in ["0151 1234567", "+0123456789", "+1234567", "+1234567890123456", "+49 151 12345"]
        {
            assert!(bad.parse::<PhoneNumber>().is_err(), "{bad}");
        }
        let url: WebhookUrl = "HTTPS://Hooks.Example/Path?q=1".parse().unwrap();
        assert_eq!(url.as_str(), "https://hooks.example/Path?q=1");
        for bad in ["ftp://x", "https://", "https://u:p@x/", "https://x/#f", "https://x/ y", "//x"]
        {
            assert!(bad.parse::<WebhookUrl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_are_shown_redacted() {
        for (given, shown) in [
            ("jane.doe@example.com", "j***@e***.com"),
            ("+491511234", "+49***1234"),
            ("https://hooks.example.com/secret", "https://h***.com/***"),
            ("user 5", "u***"),
            ("", "***"),
        ] {
            assert_eq!(redact(given), shown);
        }
    }
}
