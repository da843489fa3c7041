//! Servers repeat what they were told: what they say is kept without secrets and addresses.

use std::fmt;
use std::sync::Arc;

use crate::task::Address;

/// Removes secrets and addresses from texts.
#[derive(Clone, Default)]
pub(super) struct Scrubber {
    secrets: Arc<[String]>,
}

impl Scrubber {
    /// One that knows these secrets, in every form in which they go over the wire.
    pub(super) fn new(secrets: impl IntoIterator<Item = String>) -> Scrubber {
        let mut secrets: Vec<String> =
            secrets.into_iter().filter(|secret| !secret.is_empty()).collect();
        // The longest first: a secret may be part of another one.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Scrubber { secrets: secrets.into() }
    }

    /// The text with `***` for secrets and with addresses redacted.
    pub(super) fn clean(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &*self.secrets {
            text = text.replace(secret.as_str(), "***");
        }
        let is_edge = |c: char| c.is_whitespace() || "<>()[]\"',;:".contains(c);
        let mut clean = String::with_capacity(text.len());
        for word in text.split_inclusive(is_edge) {
            let end = word.trim_end_matches(is_edge);
            if end.contains('@') {
                clean.push_str(&Address::Custom(end.to_owned()).redacted());
                clean.push_str(&word[end.len()..]);
            } else {
                clean.push_str(word);
            }
        }
        clean
    }
}

impl fmt::Debug for Scrubber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scrubber(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_addresses_are_removed() {
        let scrubber =
            Scrubber::new(["hunter2".to_owned(), "aHVudGVyMg==".to_owned(), String::new()]);
        for (given, clean) in [
            ("535 hunter2 is wrong, aHVudGVyMg== too", "535 *** is wrong, *** too"),
            ("<jane.doe@example.com>: no such user", "<j***@e***.com>: no such user"),
            (
                "relay for a@b.example,c@d.example denied",
                "relay for a***@b***.example,c***@d***.example denied",
            ),
            ("user=hunter2@x.example", "u***@x***.example"),
            ("2.1.5 fine", "2.1.5 fine"),
        ] {
            assert_eq!(scrubber.clean(given), clean);
        }
    }
}
