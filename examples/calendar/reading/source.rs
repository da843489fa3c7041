//! From the bytes of a file to its content lines.
//!
//! Lines are unfolded here (RFC 5545 section 3.1) and not by the parser, because files in the
//! wild put blank lines between a line and its continuation, and fold in the middle of a
//! character: bytes have to be joined before they are decoded.

use std::{fs::File, io::Read, path::Path};

/// The largest file that is read, in bytes.
pub(crate) const FILE_BYTES_MAX: u64 = 10 * 1024 * 1024;

const UTF8_MARK: &[u8] = b"\xef\xbb\xbf";

/// The content lines of a file and what was odd about its bytes.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) lines: Vec<String>,
    pub(crate) problems: Vec<String>,
}

impl Source {
    /// Decodes UTF-8, with or without a byte-order mark, and UTF-16 with one. A line that is
    /// not UTF-8 is read as Windows-1252, which is a superset of Latin-1, and reported.
    ///
    /// # Errors
    ///
    /// The reason in words, where the file is larger than `FILE_BYTES_MAX`.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() as u64 > FILE_BYTES_MAX {
            return Err(too_large());
        }
        let recoded = from_utf16(bytes);
        let bytes = recoded.as_deref().unwrap_or(bytes);
        let bytes = bytes.strip_prefix(UTF8_MARK).unwrap_or(bytes);

        let mut foreign = 0_usize;
        let lines = logical_lines(bytes)
            .into_iter()
            .map(|line| {
                String::from_utf8(line).unwrap_or_else(|error| {
                    foreign += 1;
                    error.as_bytes().iter().copied().map(windows_1252).collect()
                })
            })
            .collect();
        let mut problems = Vec::new();
        if foreign > 0 {
            problems.push(format!("{foreign} lines are not UTF-8; they are read as Windows-1252"));
        }
        Ok(Self { lines, problems })
    }
}

/// The bytes of a file, at most one more than `FILE_BYTES_MAX`.
///
/// # Errors
///
/// The reason in words, where the file cannot be read.
pub(crate) fn load(path: &Path) -> Result<Vec<u8>, String> {
    let unreadable = |error: std::io::Error| format!("the file cannot be read: {error}");
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

/// The reason for which a large file is not read.
fn too_large() -> String {
    format!("the file is larger than {} MB", FILE_BYTES_MAX / (1024 * 1024))
}

/// Lines without blank ones, each with its continuations joined to it.
fn logical_lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    // Old Macintosh files end their lines with a carriage return alone.
    let end = if bytes.contains(&b'\n') { b'\n' } else { b'\r' };
    let mut lines: Vec<Vec<u8>> = Vec::new();
    for line in bytes.split(|byte| *byte == end) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match (line[0], lines.last_mut()) {
            (b' ' | b'\t', Some(last)) => last.extend_from_slice(&line[1..]),
            _ => lines.push(line.to_vec()),
        }
    }
    lines
}

/// The text of a UTF-16 file as UTF-8, or `None` where no such byte-order mark is there.
fn from_utf16(bytes: &[u8]) -> Option<Vec<u8>> {
    let unit: fn([u8; 2]) -> u16 = match bytes.get(..2)? {
        b"\xff\xfe" => u16::from_le_bytes,
        b"\xfe\xff" => u16::from_be_bytes,
        _ => return None,
    };
    let units = bytes[2..].chunks_exact(2).map(|pair| unit([pair[0], pair[1]]));
    let text: String = char::decode_utf16(units)
        .map(|character| character.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    Some(text.into_bytes())
}

/// The character of a Windows-1252 byte (WHATWG Encoding Standard, index windows-1252).
fn windows_1252(byte: u8) -> char {
    const FROM_0X80: [u16; 32] = [
        0x20ac, 0x81, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
        0x2039, 0x0152, 0x8d, 0x017d, 0x8f, 0x90, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013,
        0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x9d, 0x017e, 0x0178,
    ];
    match byte {
        0x80..=0x9f => {
            let code = u32::from(FROM_0X80[usize::from(byte - 0x80)]);
            char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
        }
        _ => char::from(byte),
    }
}
