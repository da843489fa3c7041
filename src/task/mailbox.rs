//! A mailbox as people write it: an address, or a name and an address.

use std::fmt;
use std::str::FromStr;

use super::{EmailAddress, InvalidField, Limits, Rule};

/// One mailbox: `desk@court.example`, or `Court Club <desk@court.example>`.
///
/// It is a small part of what a mail header may hold: no list, no group, no comment, and the
/// address is an [`EmailAddress`]. A name with `<`, `>` or `@` needs quotes around it. `Debug` keeps it to itself.
///
/// ```
/// use puntual::task::Mailbox;
///
/// let desk: Mailbox = "Court Club <desk@court.example>".parse()?;
/// assert_eq!(desk.name(), Some("Court Club"));
/// assert_eq!(desk.address().as_str(), "desk@court.example");
/// assert!("a@x.example, b@y.example".parse::<Mailbox>().is_err());
/// # Ok::<(), puntual::task::InvalidField>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Mailbox {
    name: Option<String>,
    address: EmailAddress,
}

impl Mailbox {
    /// Reads a mailbox; `field` is what the host calls it.
    pub(crate) fn read(field: &'static str, text: &str) -> Result<Mailbox, InvalidField> {
        let refuse = |detail: String| InvalidField::new(field, Rule::Malformed, detail);
        // Blanks alone: what else counts as a space is no part of a mailbox.
        let text = text.trim_matches(' ');
        Limits::shown_text(field, text, Limits::MAILBOX)?;
        // Redacted together, two addresses would look like one that does not exist.
        if text.matches('@').count() > 1 && !text.starts_with('"') {
            return Err(refuse("it must be one mailbox, not a list".to_owned()));
        }
        let (name, address) = match text.strip_suffix('>') {
            Some(rest) => rest.rsplit_once('<').ok_or_else(|| {
                refuse("a mailbox is an address, or a name and an address in <>".to_owned())
            })?,
            None => ("", text),
        };
        let address: EmailAddress =
            address.parse().map_err(|error| refuse(format!("it must be one mailbox: {error}")))?;
        let name = name.trim_matches(' ');
        let quoted = name.strip_prefix('"').and_then(|name| name.strip_suffix('"'));
        if quoted.is_none() && name.contains(['<', '>', '@']) {
            let rule = "one mailbox is expected, no list; a name with '<', '>' or '@' needs quotes";
            return Err(refuse(rule.to_owned()));
        }
        let name = quoted.unwrap_or(name);
        let name = (!name.is_empty()).then_some(name);
        check_name(field, name)?;
        Ok(Mailbox { name: name.map(str::to_owned), address })
    }

    /// The name.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The address.
    pub fn address(&self) -> &EmailAddress {
        &self.address
    }
}

impl FromStr for Mailbox {
    type Err = InvalidField;

    fn from_str(text: &str) -> Result<Self, InvalidField> {
        Mailbox::read("mailbox", text)
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailbox(***)")
    }
}

/// Checks a name that stands before an address.
pub(crate) fn check_name(field: &'static str, name: Option<&str>) -> Result<(), InvalidField> {
    let Some(name) = name else { return Ok(()) };
    Limits::shown_text(field, name, Limits::NAME)?;
    if name.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')) {
        let rule = "a name is one line without control characters";
        return Err(InvalidField::new(field, Rule::Malformed, rule));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mailboxes_are_read_or_refused() {
        for (given, name, address) in [
            ("desk@court.example", None, "desk@court.example"),
            (" desk@court.example ", None, "desk@court.example"),
            ("<desk@court.example>", None, "desk@court.example"),
            ("Court Club <desk@court.example>", Some("Court Club"), "desk@court.example"),
            ("\"Doe, Jane\" <desk@court.example>", Some("Doe, Jane"), "desk@court.example"),
            ("Büro <post@münchen.example>", Some("Büro"), "post@münchen.example"),
            ("\"a <b@x.example>\" <c@x.example>", Some("a <b@x.example>"), "c@x.example"),
            ("Doe, Jane <desk@court.example>", Some("Doe, Jane"), "desk@court.example"),
        ] {
            let mailbox = Mailbox::read("from", given).unwrap();
            assert_eq!((mailbox.name(), mailbox.address().as_str()), (name, address));
            assert!(!format!("{mailbox:?}").contains("desk"));
        }
        let long = format!("{} <a@x.example>", "n".repeat(Limits::NAME + 1));
        for (bad, rule) in [
            ("", Rule::NotEmpty),
            ("  ", Rule::NotEmpty),
            ("a\0 <a@x.example>", Rule::NoNul),
            (long.as_str(), Rule::TooLong),
            ("desk", Rule::Malformed),
            ("desk@court.example>", Rule::Malformed),
            ("a@x.example, b@y.example", Rule::Malformed),
            ("a@x.example; b@y.example", Rule::Malformed),
            ("A <a@x.example>, B <b@y.example>", Rule::Malformed),
            ("a@x.example, B <b@y.example>", Rule::Malformed),
            ("x\r\nBcc: b@y.example <a@x.example>", Rule::Malformed),
            ("x\u{2028} <a@x.example>", Rule::Malformed),
            ("x\u{85} <a@x.example>", Rule::Malformed),
            ("<a@x.example> <b@y.example>\r\n", Rule::Malformed),
            ("a@x.example\r\nRCPT TO:<b@y.example>", Rule::Malformed),
        ] {
            let error = Mailbox::read("from", bad).expect_err(bad);
            assert_eq!((error.field(), error.rule()), ("from", rule), "{bad:?}");
        }
    }
}
