//! A mailbox as it is written on the wire: its domain in ASCII.

use std::fmt;

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};
use lettre::Address as LettreAddress;
use lettre::message::Mailbox as LettreMailbox;

use super::headers;
use crate::task::{self, EmailAddress, InvalidField, Rule};

/// A [mailbox](task::Mailbox), its domain as the DNS knows it.
#[derive(Clone)]
pub(super) struct Mailbox {
    name: Option<String>,
    /// The part before '@', as given.
    local: String,
    /// The domain in A-labels.
    domain: String,
}

impl Mailbox {
    /// Reads a mailbox from the host's settings; `field` is what they call it.
    pub(super) fn read(field: &'static str, text: &str) -> Result<Mailbox, InvalidField> {
        let mailbox = task::Mailbox::read(field, text)?;
        Mailbox::new(field, mailbox.name(), mailbox.address())
    }

    /// The mailbox of an address that was parsed already.
    pub(super) fn new(
        field: &'static str,
        name: Option<&str>,
        address: &EmailAddress,
    ) -> Result<Mailbox, InvalidField> {
        task::check_name(field, name)?;
        // `EmailAddress` has exactly one '@'.
        let (local, domain) = address.as_str().split_once('@').unwrap_or_default();
        let domain = ascii_domain(domain).ok_or_else(|| {
            InvalidField::new(field, Rule::Malformed, "its domain has no form in ASCII (UTS 46)")
                .with_value(address.to_string())
        })?;
        Ok(Mailbox { name: name.map(str::to_owned), local: local.to_owned(), domain })
    }

    /// The address as it stands in the envelope: the domain in A-labels.
    pub(super) fn address(&self) -> String {
        format!("{}@{}", self.local, self.domain)
    }

    /// The domain in A-labels.
    pub(super) fn domain(&self) -> &str {
        &self.domain
    }

    /// Whether the part before '@' needs a server that knows SMTPUTF8 (RFC 6531).
    pub(super) fn needs_utf8(&self) -> bool {
        !self.local.is_ascii()
    }

    /// The value of a header, where the name must be encoded and lettre would not.
    pub(super) fn encoded(&self) -> Option<String> {
        let name = self.name.as_deref().filter(|name| headers::name_needs_words(name))?;
        Some(format!("{}\r\n <{}>", headers::words(name), self.address()))
    }

    /// The same for a header; a name that must be [encoded](Mailbox::encoded) is left out.
    pub(super) fn for_header(&self) -> Result<LettreMailbox, lettre::address::AddressError> {
        let address = LettreAddress::new(&self.local, &self.domain)?;
        let name = self.name.clone().filter(|name| !headers::name_needs_words(name));
        Ok(LettreMailbox::new(name, address))
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailbox(***)")
    }
}

/// A domain as the DNS knows it (UTS 46, non-transitional); `None` where it has no such form.
pub(super) fn ascii_domain(domain: &str) -> Option<String> {
    let ascii = Uts46::new()
        .to_ascii(domain.as_bytes(), AsciiDenyList::STD3, Hyphens::Allow, DnsLength::Verify)
        .ok()?;
    Some(ascii.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mailboxes_are_read_or_refused() {
        for (given, name, address) in [
            ("desk@court.example", None, "desk@court.example"),
            ("Court Club <desk@court.example>", Some("Court Club"), "desk@court.example"),
            ("\"Doe, Jane\" <desk@court.example>", Some("Doe, Jane"), "desk@court.example"),
            ("Büro <post@münchen.example>", Some("Büro"), "post@xn--mnchen-3ya.example"),
            ("用户@例え.jp", None, "用户@xn--r8jz45g.jp"),
        ] {
            let mailbox = Mailbox::read("from", given).unwrap();
            assert_eq!((mailbox.name.as_deref(), mailbox.address().as_str()), (name, address));
            assert!(mailbox.for_header().is_ok(), "{given}");
        }
        for bad in [
            "",
            "desk",
            "desk@court.example>",
            "x\r\nBcc: b@y.example <a@x.example>",
            "desk@xn--a.example",
        ] {
            assert_eq!(Mailbox::read("from", bad).expect_err(bad).field(), "from");
        }
    }
}
