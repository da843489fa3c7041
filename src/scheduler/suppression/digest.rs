//! Under which name an address is known: a digest that says nothing without its key.

use std::fmt::{self, Write as _};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::task::{Address, Entropy, Recipient};

/// Bytes of a digest that are kept: no two of all the addresses there are share 128 bits.
const DIGEST_BYTES: usize = 16;

/// The key of the digests in one store.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct DigestKey([u8; 32]);

impl DigestKey {
    /// A new one.
    pub(super) fn new(entropy: &Entropy) -> DigestKey {
        let mut key = [0; 32];
        for part in key.chunks_mut(8) {
            part.copy_from_slice(&entropy.number().to_le_bytes());
        }
        DigestKey(key)
    }

    /// The key that a note holds; `None` where it holds none.
    pub(super) fn read(text: &str) -> Option<DigestKey> {
        let mut key = [0; 32];
        if text.len() != 2 * key.len() {
            return None;
        }
        for (at, byte) in key.iter_mut().enumerate() {
            *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
        }
        Some(DigestKey(key))
    }

    pub(super) fn written(&self) -> String {
        hex(&self.0)
    }

    /// The digest of an address on its channel; `None` for a reference, which is no address.
    ///
    /// A mailbox is the same in capitals and small letters: few hosts tell them apart, and nobody
    /// who wants no mail wants it in capitals.
    pub(super) fn digest(&self, to: &Recipient) -> Option<String> {
        let address = match to.address() {
            Address::Email(address) => address.as_str().to_lowercase(),
            Address::Reference(_) => return None,
            other => other.as_str().to_owned(),
        };
        // HMAC takes keys of any length.
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).ok()?;
        mac.update(to.channel().as_str().as_bytes());
        mac.update(b"\0");
        mac.update(address.as_bytes());
        Some(hex(&mac.finalize().into_bytes()[..DIGEST_BYTES]))
    }
}

impl fmt::Debug for DigestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DigestKey(***)")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::{Channel, EmailAddress};

    fn mailbox(text: &str) -> Recipient {
        Recipient::from(text.parse::<EmailAddress>().unwrap())
    }

    /// RFC 4231 has no case with this key and text; it was computed by Python's `hmac`.
    #[test]
    fn a_digest_is_an_hmac_over_channel_and_address() {
        let key = DigestKey::read(&"0b".repeat(32)).unwrap();
        let digest = key.digest(&mailbox("jane@example.com"));
        assert_eq!(digest.as_deref(), Some("719173b4df0e62dfbb83d079bae535c8"));
    }

    #[test]
    fn addresses_channels_and_keys_are_told_apart_and_capitals_are_not() {
        let key = DigestKey::new(&Entropy::seeded(1));
        assert_eq!(DigestKey::read(&key.written()), Some(key));
        let jane = key.digest(&mailbox("jane@example.com"));
        assert_eq!(jane, key.digest(&mailbox("Jane@Example.com")));
        assert_ne!(jane, key.digest(&mailbox("june@example.com")));
        let fax = Recipient::custom(Channel::new("fax").unwrap(), "jane@example.com");
        assert_ne!(jane, key.digest(&fax));
        let other = DigestKey::new(&Entropy::seeded(2));
        assert_ne!(jane, other.digest(&mailbox("jane@example.com")));
        assert_eq!(key.digest(&Recipient::reference(Channel::EMAIL, "user 5")), None);
        assert_eq!(format!("{key:?}"), "DigestKey(***)");
        for damaged in ["", "0b", &"zz".repeat(32), &"é".repeat(32)] {
            assert_eq!(DigestKey::read(damaged), None, "{damaged}");
        }
    }
}
