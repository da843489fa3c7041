//! Where data may stand in HTML: in text and in quoted values, and in links as checked addresses.
//!
//! Escaping makes data harmless in text and between quotes. It does nothing for an address, where
//! `javascript:` needs no special character, and nothing outside quotes or in a script. So the
//! HTML of every template is walked once, when it is loaded: an expression at the beginning of a
//! link goes through the filter `url`, one in a place that cannot be made safe is refused.

use super::pieces::{Broken, Piece, line_of, pieces};

/// Attributes whose value is an address (HTML Living Standard, index of attributes).
const ADDRESSES: [&str; 13] = [
    "action",
    "background",
    "cite",
    "classid",
    "codebase",
    "data",
    "formaction",
    "href",
    "longdesc",
    "manifest",
    "poster",
    "src",
    "xlink:href",
];

/// Attributes and elements that are code or more HTML, whatever is escaped.
const CODE: [&str; 3] = ["srcdoc", "script", "style"];

/// The template with every expression that begins a link sent through the filter `url`.
///
/// The lines of the result are those of the template.
pub(super) fn guard_links(template: &str) -> Result<String, Broken> {
    let mut walk = Walk { state: State::Text, blocks: 0 };
    let mut guarded = String::with_capacity(template.len());
    for (at, piece) in pieces(template) {
        match piece {
            Piece::Literal(text) => {
                for (offset, c) in text.char_indices() {
                    walk.html(c, &template[at + offset..]);
                }
            }
            Piece::Block(_, word) => walk.block(word),
            Piece::Comment(_) => {}
            Piece::Expression(tag) => {
                let refused = |rule| Broken { line: line_of(template, at), rule };
                if walk.expression().map_err(refused)? {
                    guarded.push_str(&through_url(tag));
                    continue;
                }
            }
        }
        guarded.push_str(piece.text());
    }
    Ok(guarded)
}

/// `{{- link -}}` becomes `{{- (link)|url -}}`.
fn through_url(expression: &str) -> String {
    let mark = |c: &char| matches!(c, '-' | '+');
    let inner = expression.strip_prefix("{{").and_then(|inner| inner.strip_suffix("}}"));
    let mut inner = inner.unwrap_or_default();
    let (mut before, mut after) = (String::new(), String::new());
    if let Some(c) = inner.chars().next().filter(mark) {
        before.push(c);
        inner = &inner[1..];
    }
    if let Some(c) = inner.chars().next_back().filter(mark) {
        after.push(c);
        inner = &inner[..inner.len() - 1];
    }
    format!("{{{{{before} ({inner})|url {after}}}}}")
}

/// Where in the HTML the walk is.
#[derive(Debug, Clone, PartialEq)]
enum State {
    Text,
    Comment,
    /// After `<`: the element's name so far.
    Element(String),
    /// Between attributes of the element: the attribute's name so far.
    Attribute {
        element: String,
        name: String,
    },
    /// After `=`.
    Value {
        element: String,
        name: String,
        quote: Quote,
        begun: Option<usize>,
    },
    /// Inside of `<script>` and the like, up to its end.
    Code(String),
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Quote {
    Awaited,
    None,
    Open(char),
}

struct Walk {
    state: State,
    /// How many blocks of the template are open.
    blocks: usize,
}

impl Walk {
    /// An expression: whether it begins an address, or the rule against its place.
    fn expression(&mut self) -> Result<bool, &'static str> {
        let (blocks, quoted) = (self.blocks, "data may stand in text and in quoted values only");
        match &mut self.state {
            State::Text | State::Comment => Ok(false),
            State::Element(_) | State::Attribute { .. } => Err(quoted),
            State::Code(_) => Err("data may not stand in a script or a style sheet"),
            State::Value { name, quote, begun, .. } => {
                if !matches!(quote, Quote::Open(_)) {
                    return Err(quoted);
                }
                if name.starts_with("on") || CODE.contains(&name.as_str()) {
                    return Err("data may not stand in an attribute that is code");
                }
                let is_first = begun.is_none();
                *begun = Some(begun.map_or(blocks, |depth| depth.min(blocks)));
                Ok(is_first && ADDRESSES.contains(&name.as_str()))
            }
        }
    }

    /// A block of the template. What one branch wrote does not begin a link in another one.
    fn block(&mut self, word: &str) {
        match word {
            "if" | "for" | "with" | "filter" | "autoescape" => self.blocks += 1,
            "elif" | "else" => self.leave_branch(),
            "endif" | "endfor" | "endwith" | "endfilter" | "endautoescape" => {
                self.leave_branch();
                self.blocks = self.blocks.saturating_sub(1);
            }
            _ => {}
        }
    }

    fn leave_branch(&mut self) {
        if let State::Value { begun, .. } = &mut self.state {
            *begun = begun.filter(|depth| *depth < self.blocks);
        }
    }

    /// A character of the HTML itself; `rest` begins with it.
    fn html(&mut self, c: char, rest: &str) {
        let blocks = self.blocks;
        match &mut self.state {
            // Outlook reads what stands in its conditional comments, `<!--[if mso]>`.
            State::Text if rest.starts_with("<!--") && !rest.starts_with("<!--[") => {
                self.state = State::Comment;
            }
            State::Text if c == '<' && begins_tag(rest) => {
                self.state = State::Element(String::new());
            }
            State::Text => {}
            State::Comment if rest.starts_with("-->") => self.state = State::Text,
            State::Comment => {}
            State::Code(element) => {
                let closing = format!("</{element}");
                if rest.get(..closing.len()).is_some_and(|s| s.eq_ignore_ascii_case(&closing)) {
                    self.state = State::Element(String::new());
                }
            }
            State::Element(name) => match c {
                '>' => self.state = after_tag(name),
                c if c.is_ascii_whitespace() && name.is_empty() => self.state = State::Text,
                c if c.is_ascii_whitespace() || (c == '/' && !name.is_empty()) => {
                    self.state =
                        State::Attribute { element: std::mem::take(name), name: String::new() };
                }
                c => name.push(c.to_ascii_lowercase()),
            },
            State::Attribute { element, name } => match c {
                '>' => self.state = after_tag(element),
                '=' => {
                    let (element, name) = (std::mem::take(element), name.trim_end().to_owned());
                    let (quote, begun) = (Quote::Awaited, None);
                    self.state = State::Value { element, name, quote, begun };
                }
                // A blank may be followed by `=`, or by the next attribute.
                c if c.is_ascii_whitespace() => {
                    if !name.is_empty() && !name.ends_with(' ') {
                        name.push(' ');
                    }
                }
                c => {
                    if name.ends_with(' ') || c == '/' {
                        name.clear();
                    }
                    name.extend((c != '/').then_some(c.to_ascii_lowercase()));
                }
            },
            State::Value { element, quote, begun, .. } => {
                let ends = match *quote {
                    Quote::Open(open) => c == open,
                    Quote::None => c.is_ascii_whitespace() || c == '>',
                    Quote::Awaited => c == '>',
                };
                match (ends, *quote) {
                    (true, _) if c == '>' && !matches!(quote, Quote::Open(_)) => {
                        self.state = after_tag(element);
                    }
                    (true, _) => {
                        let element = std::mem::take(element);
                        self.state = State::Attribute { element, name: String::new() };
                    }
                    (false, Quote::Awaited) if c.is_ascii_whitespace() => {}
                    (false, Quote::Awaited) if matches!(c, '"' | '\'') => *quote = Quote::Open(c),
                    (false, Quote::Awaited) => *quote = Quote::None,
                    (false, _) if c.is_ascii_whitespace() => {}
                    (false, _) => *begun = Some(begun.map_or(blocks, |depth| depth.min(blocks))),
                }
            }
        }
    }
}

/// Whether the `<` at the beginning opens a tag, as it may if the template goes on right after it;
/// a browser shows any other one as text.
fn begins_tag(rest: &str) -> bool {
    let next = rest.chars().nth(1);
    next.is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?' | '{'))
}

/// What follows the `>` of an element's opening or closing tag.
fn after_tag(element: &str) -> State {
    match element {
        "script" | "style" => State::Code(element.to_owned()),
        _ => State::Text,
    }
}
