//! A template taken apart: what is written as it is, and the tags between.

/// One piece of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Written as it is.
    Literal(&'a str),
    /// `{{ .. }}`, braces included.
    Expression(&'a str),
    /// `{% .. %}`, and the word it begins with.
    Block(&'a str, &'a str),
    /// `{# .. #}`.
    Comment(&'a str),
}

impl<'a> Piece<'a> {
    pub(super) fn text(self) -> &'a str {
        match self {
            Piece::Literal(text)
            | Piece::Expression(text)
            | Piece::Block(text, _)
            | Piece::Comment(text) => text,
        }
    }
}

/// A rule of a template that a place in it breaks.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) line: usize,
    pub(super) rule: &'static str,
}

/// At most so many bytes of an expression or block, quoted texts apart.
const TAG_BYTES: usize = 1_000;
/// At most so many `elif` in a template.
const BRANCHES: usize = 250;

/// Refuses what the engine would take apart by recursion without a limit of its own: a chain of
/// a thousand operators or branches overflows the stack (minijinja 3.1.0, 2 MiB, 2026-11-25).
/// Brackets and blocks inside of each other have a limit there.
pub(super) fn check_depth(template: &str) -> Result<(), Broken> {
    let mut branches = 0;
    for (at, piece) in pieces(template) {
        branches += usize::from(matches!(piece, Piece::Block(_, "elif")));
        let rule = match piece {
            _ if branches > BRANCHES => "a template has at most 250 elif",
            Piece::Expression(tag) | Piece::Block(tag, _) if unquoted(tag) > TAG_BYTES => {
                "an expression has at most 1000 bytes beside its quoted texts"
            }
            _ => continue,
        };
        return Err(Broken { line: line_of(template, at), rule });
    }
    Ok(())
}

/// The line of a byte, from 1.
pub(super) fn line_of(template: &str, at: usize) -> usize {
    1 + template.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

/// The line of the first tag that has this word in it.
pub(super) fn line_of_word(template: &str, word: &str) -> Option<usize> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let in_tag = |tag: &str| tag.split(|c| !is_part(c)).any(|found| found == word);
    pieces(template).find_map(|(at, piece)| match piece {
        Piece::Expression(tag) | Piece::Block(tag, _) if in_tag(tag) => {
            let within = tag.find(word).unwrap_or_default();
            Some(line_of(template, at + within))
        }
        _ => None,
    })
}

/// The pieces in order, each with its first byte; together they are the template.
pub(super) fn pieces(template: &str) -> impl Iterator<Item = (usize, Piece<'_>)> {
    let (mut at, mut is_raw) = (0, false);
    std::iter::from_fn(move || {
        let rest = template.get(at..).filter(|rest| !rest.is_empty())?;
        let piece = next_piece(rest, is_raw);
        if let Piece::Block(_, word) = piece {
            is_raw = word == "raw" || (is_raw && word != "endraw");
        }
        let start = at;
        at += piece.text().len();
        Some((start, piece))
    })
}

fn next_piece(rest: &str, is_raw: bool) -> Piece<'_> {
    if rest.starts_with("{%") {
        let tag = &rest[..tag_length(rest, "%}")];
        let inner = tag[2..].trim_start_matches(['-', '+']).trim_start();
        let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        return Piece::Block(tag, &inner[..end.unwrap_or(inner.len())]);
    }
    if rest.starts_with("{{") && !is_raw {
        return Piece::Expression(&rest[..tag_length(rest, "}}")]);
    }
    if rest.starts_with("{#") && !is_raw {
        return Piece::Comment(&rest[..rest.find("#}").map_or(rest.len(), |end| end + 2)]);
    }
    let opens = |(at, _): (usize, &str)| {
        let next = rest.as_bytes().get(at + 1);
        at > 0 && matches!(next, Some(b'%') | Some(b'{' | b'#') if !is_raw || next == Some(&b'%'))
    };
    let end = rest.match_indices('{').find(|found| opens(*found)).map(|(at, _)| at);
    Piece::Literal(&rest[..end.unwrap_or(rest.len())])
}

/// The length of a tag from its first brace to `closing`; quoted texts do not end it.
fn tag_length(rest: &str, closing: &str) -> usize {
    let mut quotes = Quotes::default();
    for (at, c) in rest.char_indices().skip(2) {
        if !quotes.is_inside(c) && rest[at..].starts_with(closing) {
            return at + closing.len();
        }
    }
    rest.len()
}

/// The bytes of a tag that stand in no quoted text.
fn unquoted(tag: &str) -> usize {
    let mut quotes = Quotes::default();
    tag.chars().filter(|c| !quotes.is_inside(*c)).map(char::len_utf8).sum()
}

/// Follows quoted texts, character by character.
#[derive(Default)]
struct Quotes {
    open: Option<char>,
    is_escaped: bool,
}

impl Quotes {
    /// Whether the next character stands inside of a quoted text; its quotes themselves do not.
    fn is_inside(&mut self, c: char) -> bool {
        let Some(open) = self.open else {
            self.open = matches!(c, '"' | '\'').then_some(c);
            return false;
        };
        if self.is_escaped {
            self.is_escaped = false;
        } else if c == '\\' {
            self.is_escaped = true;
        } else if c == open {
            self.open = None;
            return false;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_tags_only() {
        let template = "a name\n{{ my_name }}{# name #}\n{{ x or\n\nname }}";
        assert_eq!(line_of_word(template, "name"), Some(5));
        assert_eq!(line_of_word(template, "my_name"), Some(2));
        assert_eq!(line_of_word(template, "a"), None);
    }

    #[test]
    fn pieces_are_the_template_and_know_their_kind() {
        let template = "a { b {{ '}}' ~ \"\\\"}}\" }}{%- if x -%}é{# {{ #}{% raw %}{{ y }}{# z\
                        {% endraw %}{{ q }}<{";
        let found: Vec<Piece<'_>> = pieces(template).map(|(_, piece)| piece).collect();
        let expected = [
            Piece::Literal("a { b "),
            Piece::Expression("{{ '}}' ~ \"\\\"}}\" }}"),
            Piece::Block("{%- if x -%}", "if"),
            Piece::Literal("é"),
            Piece::Comment("{# {{ #}"),
            Piece::Block("{% raw %}", "raw"),
            Piece::Literal("{{ y }}{# z"),
            Piece::Block("{% endraw %}", "endraw"),
            Piece::Expression("{{ q }}"),
            Piece::Literal("<{"),
        ];
        assert_eq!(found, expected);
        assert_eq!(found.iter().map(|piece| piece.text()).collect::<String>(), template);
        for unfinished in ["{{", "{% if", "{#", "{{ 'a", "{%", "{"] {
            assert_eq!(pieces(unfinished).map(|(_, p)| p.text()).collect::<String>(), unfinished);
        }
    }
}
