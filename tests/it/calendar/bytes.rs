//! Files in other encodings than plain UTF-8.

use super::{event, problems, read, rows};

const ROW: [&str; 1] = ["a 2026-07-14T18:30:00Z"];

fn text() -> String {
    event("UID:a\nDTSTART:20260714T183000Z\nSUMMARY:Réunion à l'hôtel €")
}

#[test]
fn byte_order_marks_are_passed_over() {
    let utf8 = [b"\xef\xbb\xbf", text().as_bytes()].concat();
    let little: Vec<u8> =
        "\u{feff}".encode_utf16().chain(text().encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> =
        "\u{feff}".encode_utf16().chain(text().encode_utf16()).flat_map(u16::to_be_bytes).collect();
    for bytes in [utf8, little, big] {
        let reading = read(&bytes);
        assert_eq!(rows(&reading), ROW);
        assert_eq!(&*reading.occurrences[0].summary, "Réunion à l'hôtel €");
        assert_eq!(problems(&reading), [""; 0]);
    }
}

#[test]
fn bytes_that_are_not_utf8_are_read_as_windows_1252_and_reported() {
    let mut bytes = Vec::new();
    for character in text().chars() {
        match character {
            '€' => bytes.push(0x80),
            _ => bytes.push(u8::try_from(u32::from(character)).expect("a Latin-1 character")),
        }
    }
    let reading = read(&bytes);
    assert_eq!(rows(&reading), ROW);
    assert_eq!(&*reading.occurrences[0].summary, "Réunion à l'hôtel €");
    assert_eq!(
        problems(&reading),
        ["club.ics: 1 lines are not UTF-8; they are read as Windows-1252"]
    );
}

#[test]
fn a_fold_in_the_middle_of_a_character_is_mended() {
    let folded = [
        &b"BEGIN:VEVENT\r\nUID:a\r\nDTSTART:20260714T183000Z\r\nSUMMARY:R\xc3\r\n "[..],
        b"\xa9union\r\nEND:VEVENT\r\n",
    ]
    .concat();
    let reading = read(&folded);
    assert_eq!(&*reading.occurrences[0].summary, "Réunion");
    assert_eq!(problems(&reading), [""; 0]);
}

#[test]
fn every_kind_of_line_end_is_read() {
    for end in ["\r\n", "\n", "\r"] {
        let reading = read(text().replace("\r\n", end));
        assert_eq!(rows(&reading), ROW, "{end:?}");
    }
}
