//! Hides addresses that hosts and providers wrote into their words.

use crate::task::{Address, SafeText};

/// The text with everything redacted that looks like an address: a mailbox, a URL, a phone number.
/// Providers like to repeat them: `550 <jane@example.com> unknown`.
pub(super) fn redacted(text: &SafeText) -> SafeText {
    let mut shown = String::with_capacity(text.as_str().len());
    let mut word = String::new();
    for c in text.as_str().chars() {
        if is_separator(c) {
            push(&mut shown, &word);
            word.clear();
            shown.push(c);
        } else {
            word.push(c);
        }
    }
    push(&mut shown, &word);
    SafeText::new(shown)
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | '[' | ']' | '"' | '\'' | ',' | ';')
}

fn push(shown: &mut String, word: &str) {
    // A sentence may end, or a colon follow, right after the address.
    let (word, rest) = word.split_at(word.trim_end_matches([':', '.', '!', '?']).len());
    match looks_like_address(word) {
        true => shown.push_str(&Address::Custom(word.to_owned()).redacted()),
        false => shown.push_str(word),
    }
    shown.push_str(rest);
}

fn looks_like_address(word: &str) -> bool {
    let mailbox = word.split_once('@').is_some_and(|(l, d)| !l.is_empty() && !d.is_empty());
    let phone = word
        .strip_prefix('+')
        .is_some_and(|number| number.len() >= 8 && number.chars().all(|c| c.is_ascii_digit()));
    mailbox || phone || word.contains("://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_free_text_are_redacted() {
        for (given, shown) in [
            ("550 <jane@example.com>: unknown", "550 <j***@e***.com>: unknown"),
            ("no such user jane@example.com.", "no such user j***@e***.com."),
            ("+491701234567 is not reachable", "+49***4567 is not reachable"),
            ("POST https://h.example.com/s3cret failed", "POST https://h***.com/*** failed"),
            ("booking 123 is not paid @ all, +1 day", "booking 123 is not paid @ all, +1 day"),
            ("", ""),
        ] {
            assert_eq!(redacted(&given.into()).as_str(), shown, "{given}");
        }
    }
}
