//! A file that goes with a message.

use std::fmt;

use super::{InvalidField, Limits, Rule};

/// A file that goes with a message: its name, its media type, its bytes.
///
/// ```
/// use puntual::task::Attachment;
///
/// let map = Attachment::new("map.txt", "text/plain; charset=utf-8", "Take the second left.");
/// map.check()?;
/// assert!(Attachment::new("../map.txt", "text/plain", "").check().is_err());
/// # Ok::<(), puntual::task::InvalidField>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    name: String,
    media_type: String,
    content: Vec<u8>,
}

impl Attachment {
    /// A file; it is checked where it is used.
    pub fn new(
        name: impl Into<String>,
        media_type: impl Into<String>,
        content: impl Into<Vec<u8>>,
    ) -> Attachment {
        Attachment { name: name.into(), media_type: media_type.into(), content: content.into() }
    }

    /// The name of the file: `booking.ics`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is, with parameters: `text/calendar; charset=utf-8; method=PUBLISH`.
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// Its bytes.
    pub fn content(&self) -> &[u8] {
        &self.content
    }

    /// Checks name, media type and size.
    ///
    /// # Errors
    ///
    /// The name is empty, longer than [`Limits::NAME`], or holds a control character or a
    /// separator of paths; the media type is none (RFC 2045, section 5.1), one of messages or
    /// parts (`message/..`, `multipart/..`), or longer than [`Limits::NAME`]; or there are more
    /// bytes than [`Limits::ATTACHMENT_BYTES`].
    pub fn check(&self) -> Result<(), InvalidField> {
        super::check_name("attachment name", Some(&self.name))?;
        if self.name.contains(['/', '\\', ':']) || self.name.starts_with('.') {
            let rule = "a file's name alone is expected, without a path";
            let refused = InvalidField::new("attachment name", Rule::Malformed, rule);
            return Err(refused.with_value(&self.name));
        }
        Limits::shown_text("attachment media type", &self.media_type, Limits::NAME)?;
        if !is_media_type(&self.media_type) {
            let rule = "a media type such as 'text/plain; charset=utf-8' is expected (RFC 2045)";
            let refused = InvalidField::new("attachment media type", Rule::Malformed, rule);
            return Err(refused.with_value(&self.media_type));
        }
        if is_composite(&self.media_type) {
            let rule = "messages and parts cannot be attached: RFC 2045, section 6.4, forbids \
                        base64 for them";
            let refused = InvalidField::new("attachment media type", Rule::Malformed, rule);
            return Err(refused.with_value(&self.media_type));
        }
        Attachment::check_all(std::slice::from_ref(self))
    }

    /// Checks how many there are and how long they are together.
    pub(crate) fn check_all(all: &[Attachment]) -> Result<(), InvalidField> {
        let too_long = |detail| Err(InvalidField::new("attachments", Rule::TooLong, detail));
        if all.len() > Limits::ATTACHMENTS {
            return too_long(format!("at most {} are allowed", Limits::ATTACHMENTS));
        }
        let bytes: usize = all.iter().map(|attachment| attachment.content.len()).sum();
        match bytes > Limits::ATTACHMENT_BYTES {
            true => too_long(format!(
                "they have {bytes} bytes, the limit is {}",
                Limits::ATTACHMENT_BYTES
            )),
            false => Ok(()),
        }
    }
}

/// Whether it holds headers of its own, which mail servers read (RFC 2045, section 5.1).
fn is_composite(media_type: &str) -> bool {
    let kind = media_type.split('/').next().unwrap_or_default().trim();
    ["message", "multipart"].iter().any(|composite| kind.eq_ignore_ascii_case(composite))
}

/// `type/subtype`, then parameters whose values need no quotes.
fn is_media_type(text: &str) -> bool {
    let is_token = |text: &str| {
        let ok = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`{|}~".contains(c);
        !text.is_empty() && text.chars().all(ok)
    };
    let pair = |text: &str, separator| {
        text.split_once(separator).is_some_and(|(one, other)| is_token(one) && is_token(other))
    };
    let mut parts = text.split(';').map(|part| part.trim_matches(' '));
    parts.next().is_some_and(|kind| pair(kind, '/')) && parts.all(|parameter| pair(parameter, '='))
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attachment")
            .field("name", &self.name)
            .field("media_type", &self.media_type)
            .field("bytes", &self.content.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_media_types_are_checked() {
        let check = |name: &str, media_type: &str| Attachment::new(name, media_type, "x").check();
        for (name, media_type) in [
            ("a.ics", "text/calendar; charset=utf-8; method=PUBLISH"),
            ("Größe 🎾.pdf", "application/pdf"),
            ("a", "application/vnd.ms-excel"),
        ] {
            check(name, media_type).unwrap();
        }
        for name in ["", "a/b", "..\\b", ".hidden", "a\r\nb", "a\u{2028}", "c:x", "a\0"] {
            assert_eq!(check(name, "text/plain").unwrap_err().field(), "attachment name");
        }
        for media_type in [
            "",
            "text",
            "text/",
            "/plain",
            "text/plain; charset",
            "text/plain;",
            "a/b; c=\"d\"",
            "a/b\r\nBcc: x",
            "a/ü",
        ] {
            let refused = check("a", media_type).expect_err(media_type);
            assert_eq!(refused.field(), "attachment media type");
        }
        for media_type in
            ["message/rfc822", "Message/Delivery-Status", "multipart/mixed; boundary=x"]
        {
            let refused = check("a.eml", media_type).expect_err(media_type);
            assert_eq!(
                (refused.field(), refused.rule()),
                ("attachment media type", Rule::Malformed)
            );
            assert!(refused.to_string().contains("RFC 2045, section 6.4"), "{refused}");
        }
        check("a.eml", "application/octet-stream").unwrap();
        check("a", "messages/x").unwrap();
    }

    #[test]
    fn how_many_and_how_long_is_limited_and_the_limit_is_named() {
        let of = |bytes| Attachment::new("a", "text/plain", vec![0; bytes]);
        let (limit, half) = (Limits::ATTACHMENT_BYTES, Limits::ATTACHMENT_BYTES / 2);
        of(limit).check().unwrap();
        Attachment::check_all(&[of(half), of(half)]).unwrap();
        Attachment::check_all(&vec![of(0); Limits::ATTACHMENTS]).unwrap();
        for (many, what) in [
            (vec![of(limit + 1)], limit.to_string()),
            (vec![of(half), of(half + 1)], limit.to_string()),
            (vec![of(0); Limits::ATTACHMENTS + 1], Limits::ATTACHMENTS.to_string()),
        ] {
            let refused = Attachment::check_all(&many).unwrap_err();
            assert_eq!((refused.field(), refused.rule()), ("attachments", Rule::TooLong));
            assert!(refused.to_string().contains(&what), "{refused}");
        }
    }
}
