//! Header fields that must be encoded although they are plain ASCII.
//!
//! lettre encodes what is not ASCII and writes the rest as it is. A subject line like
//! `=?utf-8?q?50=25_off?=` is ASCII, and a reader would decode it: what arrives is not what was
//! sent. Blanks at an end or in a row get lost, and a word without blanks makes a long line. Such
//! texts are written as encoded-words here (RFC 2047), and put in place of a stand-in.

/// Octets of an encoded-word's text: with the longest name of a field, and with `=?utf-8?q?` and
/// `?=` around it, a line stays below 78 (RFC 5322, section 2.1.1).
const WORD_OCTETS: usize = 52;

/// What lettre is given instead; any word would do.
pub(super) const STAND_IN: &str = "stand-in";

/// Whether `text` would not arrive as it is if it stood in a header as it is, and lettre writes it
/// as it is.
pub(super) fn needs_words(text: &str) -> bool {
    let is_long = |word: &str| word.is_ascii() && word.len() > WORD_OCTETS;
    text.contains("=?")
        || text.contains("  ")
        || text.starts_with(' ')
        || text.ends_with(' ')
        || text.split(' ').any(is_long)
}

/// Whether a name is written as encoded-words: all but short plain ones. What lettre writes of the
/// others is right, but it puts the address on the same line, which may then be longer than a line
/// with encoded-words may be (RFC 2047, section 2), and a name in quotes is never folded.
pub(super) fn name_needs_words(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " .-_'".contains(c);
    needs_words(name) || name.len() > WORD_OCTETS || !name.chars().all(is_plain)
}

/// `text` as encoded-words, each on a line of its own: letters and digits as they are, which also
/// stands before an address (RFC 2047, section 5), the rest in hexadecimal. No character is cut.
pub(super) fn words(text: &str) -> String {
    let mut words: Vec<String> = vec![String::new()];
    for c in text.chars() {
        let encoded: String = match c {
            ' ' => "_".to_owned(),
            c if c.is_ascii_alphanumeric() => c.to_string(),
            c => c.encode_utf8(&mut [0; 4]).bytes().map(|byte| format!("={byte:02X}")).collect(),
        };
        match words.last_mut() {
            Some(word) if word.len() + encoded.len() <= WORD_OCTETS => word.push_str(&encoded),
            _ => words.push(encoded),
        }
    }
    let words: Vec<String> = words.iter().map(|word| format!("=?utf-8?q?{word}?=")).collect();
    words.join("\r\n ")
}

/// The message with other values in some of its header fields.
pub(super) fn replace(content: &[u8], fields: &[(&str, String)]) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(content.len() + 256);
    let (mut in_head, mut is_left_out) = (true, false);
    for line in content.split_inclusive(|byte| *byte == b'\n') {
        in_head &= line != b"\r\n";
        let goes_on = matches!(line.first(), Some(b' ' | b'\t'));
        if in_head && goes_on && is_left_out {
            continue;
        }
        let mut named = fields.iter().filter(|(name, _)| is_named(line, name));
        let field = named.next().filter(|_| in_head && !goes_on);
        is_left_out = field.is_some();
        match field {
            Some((name, value)) => {
                replaced.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
            }
            None => replaced.extend_from_slice(line),
        }
    }
    replaced
}

fn is_named(line: &[u8], name: &str) -> bool {
    line.strip_prefix(name.as_bytes()).is_some_and(|rest| rest.starts_with(b":"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_words_are_short_and_cut_no_character() {
        assert_eq!(words("a b"), "=?utf-8?q?a_b?=");
        assert_eq!(words("=?x?="), "=?utf-8?q?=3D=3Fx=3F=3D?=");
        for text in ["a".repeat(250), "🎾".repeat(60), " ".repeat(60), "=?".repeat(125)] {
            let words = words(&text);
            for word in words.split("\r\n ") {
                assert!(word.len() <= WORD_OCTETS + 12, "{word}");
                assert_eq!(word.matches("=F0").count(), word.matches("=BE").count(), "{word}");
            }
        }
    }

    #[test]
    fn only_fields_of_the_head_are_replaced_with_their_continuations() {
        let given = b"To: a\r\nSubject: x\r\n y\r\nTo-Do: z\r\n\r\nSubject: text\r\n and more\r\n";
        let fields = [("Subject", "=?new?=".to_owned()), ("Reply-To", "none".to_owned())];
        let expected =
            "To: a\r\nSubject: =?new?=\r\nTo-Do: z\r\n\r\nSubject: text\r\n and more\r\n";
        assert_eq!(String::from_utf8(replace(given, &fields)).unwrap(), expected);
    }
}
