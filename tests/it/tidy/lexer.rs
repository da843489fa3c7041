//! A Rust file taken apart into code, comments and literals, each left on its own line, so that a
//! rule about code never trips over prose and a rule's own examples never break the rule.

/// Three views of one file: equal in lines, blank where another view has the character.
pub(super) struct Source {
    pub(super) code: String,
    pub(super) comments: String,
    pub(super) literals: String,
}

/// What a stretch of characters belongs to.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    Code,
    Comment,
    Literal,
}

pub(super) fn take_apart(text: &str) -> Source {
    let chars: Vec<char> = text.chars().collect();
    let mut source =
        Source { code: String::new(), comments: String::new(), literals: String::new() };
    let mut at = 0;
    while at < chars.len() {
        let after_word = at > 0 && is_word(chars[at - 1]);
        let (part, length) = next_part(&chars[at..], after_word);
        let end = (at + length).min(chars.len());
        for &c in &chars[at..end] {
            let blank = if c == '\n' { '\n' } else { ' ' };
            source.code.push(if part == Part::Code { c } else { blank });
            source.comments.push(if part == Part::Comment { c } else { blank });
            source.literals.push(if part == Part::Literal { c } else { blank });
        }
        at = end;
    }
    source
}

/// Lines, counted from 1, on which `word` stands by itself. A `word` that ends in punctuation is
/// looked for as it is.
pub(super) fn lines_with(view: &str, word: &str) -> Vec<usize> {
    view.lines()
        .enumerate()
        .filter(|(_, line)| contains_word(line, word))
        .map(|(index, _)| index + 1)
        .collect()
}

pub(super) fn contains_word(line: &str, word: &str) -> bool {
    let edge =
        |c: Option<char>, own: Option<char>| !(own.is_some_and(is_word) && c.is_some_and(is_word));
    line.match_indices(word).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + word.len()..].chars().next();
        edge(before, word.chars().next()) && edge(after, word.chars().next_back())
    })
}

/// The text with every `#[cfg(test)]` module blanked. Relies on rustfmt's layout: the module ends
/// at the first `}` that is indented like its attribute.
pub(super) fn without_tests(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut kept = String::new();
    let mut at = 0;
    while at < lines.len() {
        let end = test_module_end(&lines, at).unwrap_or(at);
        if end == at {
            kept.push_str(lines[at]);
            kept.push('\n');
            at += 1;
        } else {
            kept.push_str(&"\n".repeat(end - at));
            at = end;
        }
    }
    kept
}

/// How many lines of the file are not part of a test module.
pub(super) fn length_without_tests(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let mut count = 0;
    let mut at = 0;
    while at < lines.len() {
        match test_module_end(&lines, at) {
            Some(end) => at = end,
            None => {
                count += 1;
                at += 1;
            }
        }
    }
    count
}

pub(super) fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The line after the test module that starts at `start`, if one starts there.
fn test_module_end(lines: &[&str], start: usize) -> Option<usize> {
    let attribute = lines[start];
    if attribute.trim() != "#[cfg(test)]" {
        return None;
    }
    let opening = (start + 1..lines.len()).find(|&i| !lines[i].trim_start().starts_with("#["))?;
    if !contains_word(lines[opening], "mod") {
        return None;
    }
    if lines[opening].ends_with(';') {
        return Some(opening + 1);
    }
    let indent = &attribute[..attribute.len() - attribute.trim_start().len()];
    let closing = format!("{indent}}}");
    (opening..lines.len()).find(|&i| lines[i] == closing).map(|i| i + 1)
}

/// The part that starts at `rest[0]` and how many characters it has.
fn next_part(rest: &[char], after_word: bool) -> (Part, usize) {
    let next = rest.get(1).copied();
    match rest[0] {
        '/' if next == Some('/') => {
            let length = rest.iter().position(|&c| c == '\n').unwrap_or(rest.len());
            (Part::Comment, length)
        }
        '/' if next == Some('*') => (Part::Comment, block_comment_length(rest)),
        '"' => (Part::Literal, string_length(rest)),
        '\'' => match character_length(rest) {
            Some(length) => (Part::Literal, length),
            None => (Part::Code, 1),
        },
        'r' | 'b' | 'c' if !after_word => match raw_string_length(rest) {
            Some(length) => (Part::Literal, length),
            None => (Part::Code, 1),
        },
        _ => (Part::Code, 1),
    }
}

fn block_comment_length(rest: &[char]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        match (rest[at], rest.get(at + 1)) {
            ('/', Some('*')) => {
                depth += 1;
                at += 2;
            }
            ('*', Some('/')) => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    rest.len()
}

fn string_length(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of a character literal; `None` where the quote starts a lifetime.
fn character_length(rest: &[char]) -> Option<usize> {
    match rest.get(1)? {
        '\\' => (3..rest.len()).find(|&i| rest[i] == '\'').map(|i| i + 1),
        _ => (rest.get(2) == Some(&'\'')).then_some(3),
    }
}

fn raw_string_length(rest: &[char]) -> Option<usize> {
    let marker = if rest[0] == 'r' { 1 } else { 2 };
    if rest.get(marker - 1) != Some(&'r') {
        return None;
    }
    let hashes = rest[marker..].iter().take_while(|&&c| c == '#').count();
    let body = marker + hashes + 1;
    if rest.get(body - 1) != Some(&'"') {
        return None;
    }
    let closes = |i: usize| {
        rest[i] == '"' && rest[i + 1..].iter().take(hashes).filter(|&&c| c == '#').count() == hashes
    };
    let end = (body..rest.len()).find(|&i| closes(i));
    Some(end.map_or(rest.len(), |i| i + 1 + hashes))
}

#[test]
fn a_file_falls_apart_into_code_comments_and_literals() {
    let table = [
        ("a(); // b", "a();", "// b", ""),
        ("a(\"// b\");", "a(      );", "", "\"// b\""),
        ("/* a /* b */ c */ d", "d", "/* a /* b */ c */", ""),
        (r##"x(r#"a"b"#, 1)"##, "x(        , 1)", "", r##"r#"a"b"#"##),
        (r#"f("a\"b", c)"#, "f(      , c)", "", r#""a\"b""#),
        (r"f('\'', b)", "f(    , b)", "", r"'\''"),
        ("fn f<'a>(x: &'a str)", "fn f<'a>(x: &'a str)", "", ""),
        ("r#type + br\"a\"", "r#type +", "", "br\"a\""),
    ];
    for (text, code, comments, literals) in table {
        let source = take_apart(text);
        assert_eq!(source.code.trim(), code, "code of {text}");
        assert_eq!(source.comments.trim(), comments, "comments of {text}");
        assert_eq!(source.literals.trim(), literals, "literals of {text}");
    }
}

#[test]
fn a_word_is_found_only_where_it_stands_alone() {
    let table = [
        ("chrono::Utc::now()", "Utc::now", true),
        ("MyUtc::now()", "Utc::now", false),
        ("Utc::nowhere()", "Utc::now", false),
        ("x.await?", ".await", true),
        ("asynchronous", "async", false),
        ("known(", "now(", false),
        ("now()", "now(", true),
    ];
    for (line, word, expected) in table {
        assert_eq!(contains_word(line, word), expected, "{word} in {line}");
    }
}

#[test]
fn test_modules_are_left_out_and_lines_keep_their_numbers() {
    let table = [
        ("a\n#[cfg(test)]\nmod tests {\n    fn f() {\n    }\n}\nb\n", "a\n\n\n\n\n\nb\n", 2),
        ("a\n#[cfg(test)]\n#[path = \"x\"]\nmod tests;\nb\n", "a\n\n\n\nb\n", 2),
        ("#[cfg(test)]\nuse a::b;\n", "#[cfg(test)]\nuse a::b;\n", 2),
    ];
    for (text, kept, length) in table {
        assert_eq!(without_tests(text), kept, "{text}");
        assert_eq!(length_without_tests(text), length, "{text}");
    }
}
