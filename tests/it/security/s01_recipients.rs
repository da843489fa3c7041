//! S1, command injection: an address is refused, or is exactly one recipient.

use fastrand::Rng;
use puntual::notify::NotifyErrorKind;
use puntual::task::EmailAddress;
use puntual::testing;

use super::{CHUNK, PIECES, again, bench, check_commands, seeds, send};

/// What is put into an address to get out of it.
#[rustfmt::skip]
const INJECTIONS: [&str; 30] = [
    "\r\n", "\n", "\r", "\r\nRCPT TO:<x@evil.example>", "\r\nDATA\r\n", "> ORCPT=a", "> NOTIFY=NEVER",
    " ORCPT=rfc822;x@evil.example", "\0", "\u{85}", "\u{2028}", "\u{b}", "\u{c}", "\t", " ", "<", ">",
    "\"", "\\", "(c)", ",x@evil.example", ";x@evil.example", ":", "@evil.example", "[127.0.0.1]", "!",
    "%0d%0a", "\u{202e}", "\u{ff0e}", "\u{ff20}",
];

/// Where it is put: `#` is the place.
#[rustfmt::skip]
const PLACES: [&str; 17] = [
    "#", "#a@x.example", "a#@x.example", "a#b@x.example", "a@#x.example", "a@x#.example",
    "a@x.example#", "a@x#y.example", "\"#\"@x.example", "\"a#\"@x.example", "Jane <a@x.example>#",
    "<a@x.example#>", "<a@x.example>#", "a@x.example>#", "a#@münchen.example", "用户#@例え.jp", "@#,a@x.example",
];

#[tokio::test]
async fn s01_an_address_is_refused_or_exactly_one_recipient() {
    let addresses: Vec<String> = PLACES
        .iter()
        .flat_map(|place| INJECTIONS.map(|injection| place.replace('#', injection)))
        .collect();
    assert!(addresses.len() >= 500);
    let mut accepted = 0;
    for chunk in addresses.chunks(CHUNK) {
        accepted += check(chunk, |_| String::new()).await;
    }
    assert!((5..100).contains(&accepted), "{accepted} were taken: the corpus has lost its point");
}

#[tokio::test]
async fn s01_random_addresses_are_refused_or_exactly_one_recipient() {
    let test = "s01_random_addresses_are_refused_or_exactly_one_recipient";
    let (mut drawn, mut accepted) = (0, 0);
    for seeds in seeds(4_000) {
        let addresses: Vec<String> =
            seeds.iter().map(|seed| address(&mut Rng::with_seed(*seed))).collect();
        accepted += check(&addresses, |at| again(test, seeds[at])).await;
        drawn += addresses.len();
    }
    println!("{accepted} of {drawn} addresses were taken");
    assert!(drawn < 1_000 || accepted * 50 > drawn, "hardly an address was taken");
}

/// Nearly an address: one of many ways to go wrong, or none.
fn address(rng: &mut Rng) -> String {
    let mut part = |pieces: &[&str], longest: usize| {
        let mut text = String::new();
        for _ in 0..rng.usize(1..=longest) {
            match rng.u8(..) {
                0..6 => text.push_str(PIECES[rng.usize(..PIECES.len())]),
                6..12 => text.push(rng.char(..)),
                12..16 => text.push(char::from(rng.u8(..))),
                _ => text.push_str(pieces[rng.usize(..pieces.len())]),
            }
        }
        text
    };
    let local = part(&["a", "jane", ".", "+", "o'", "{", "|", "~", "-", "1", "用", "é", "ß"], 5);
    let domain = part(&["x", "court", ".", "-", "1", "例", "ü", "xn--", "ﬀ", "ss", "İ", "ς"], 5);
    format!("{local}@{domain}.example")
}

/// Sends to those addresses that are any; `whence` tells where one came from. Gives their number.
async fn check(addresses: &[String], whence: impl Fn(usize) -> String) -> usize {
    let bench = bench().await;
    let mut expected = Vec::new();
    for (at, text) in addresses.iter().enumerate() {
        let Ok(address) = text.parse::<EmailAddress>() else {
            continue;
        };
        let notification = testing::notification(address.clone(), "Hello.");
        match send(&bench, &notification).await {
            Ok(_) => expected.push((at, envelope(&address))),
            // No form in ASCII: refused before anything is sent.
            Err(error) => {
                assert_eq!(error.kind(), NotifyErrorKind::Permanent, "{text:?} {}", whence(at));
            }
        }
    }
    let mails = bench.server.mails();
    assert_eq!(mails.len(), expected.len(), "messages");
    for (mail, (at, line)) in mails.iter().zip(&expected) {
        let (text, whence) = (&addresses[*at], whence(*at));
        assert_eq!(mail.recipients, [line.as_str()], "{text:?} {whence}");
        let visible = |byte: u8| byte > b' ' && !b"<>\"\\,;:()[]".contains(&byte) && byte != 0x7f;
        let inside = line.strip_prefix("RCPT TO:<").and_then(|rest| rest.strip_suffix('>'));
        assert!(inside.unwrap().bytes().all(visible), "{text:?} {whence}");
    }
    check_commands(&bench, &mails);
    expected.len()
}

/// The one line that names this address, its domain in A-labels by the browsers' rules of the same
/// standard (UTS 46).
fn envelope(address: &EmailAddress) -> String {
    let (local, domain) = address.as_str().split_once('@').unwrap();
    format!("RCPT TO:<{local}@{}>", idna::domain_to_ascii(domain).unwrap())
}
