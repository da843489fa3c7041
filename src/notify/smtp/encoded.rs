//! Text that looks like an encoded word is encoded itself: readers would decode it otherwise.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Bytes of text in one encoded word, which has at most 75 characters (RFC 2047, section 2): each
/// byte takes three of them, `=?utf-8?q?` and `?=` the rest.
const WORD_BYTES: usize = 21;

/// The text for an unstructured header. lettre encodes what is not ASCII and leaves the rest as it
/// is, `=?utf-8?q?=0D=0A?=` included: a reader would see what nobody wrote, a line end at worst.
pub(super) fn header_text(text: &str) -> Cow<'_, str> {
    if !text.contains("=?") {
        return Cow::Borrowed(text);
    }
    // White space between two encoded words is no part of the text (RFC 2047, section 6.2).
    let mut encoded = String::with_capacity(text.len() * 4);
    let mut rest = text;
    while !rest.is_empty() {
        let (word, after) = rest.split_at(rest.floor_char_boundary(WORD_BYTES));
        encoded.push_str(if encoded.is_empty() { "=?utf-8?q?" } else { " =?utf-8?q?" });
        for byte in word.bytes() {
            match byte {
                b' ' => encoded.push('_'),
                byte if byte.is_ascii_alphanumeric() => encoded.push(char::from(byte)),
                // Writing to a string cannot fail.
                byte => drop(write!(encoded, "={byte:02X}")),
            }
        }
        encoded.push_str("?=");
        rest = after;
    }
    Cow::Owned(encoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_looks_like_an_encoded_word_is_encoded() {
        for (given, expected) in [
            ("Court 3 at 6 pm", "Court 3 at 6 pm"),
            ("Größe = ?", "Größe = ?"),
            ("=?utf-8?q?x?=", "=?utf-8?q?=3D=3Futf=2D8=3Fq=3Fx=3F=3D?="),
            ("a =? b", "=?utf-8?q?a_=3D=3F_b?="),
        ] {
            assert_eq!(header_text(given), expected);
        }
        let long = format!("=?{}", "é".repeat(300));
        let words = header_text(&long).into_owned();
        assert!(words.split(' ').all(|word| word.len() <= 75), "{words}");
        assert_eq!(words.matches("=C3=A9").count(), 300, "no character is cut");
    }
}
