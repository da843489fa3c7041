//! Whom to tell: an address on a channel, with what is known of the person.

use serde::{Deserialize, Serialize};

use super::{Address, Channel, EmailAddress, InvalidField, Limits, PhoneNumber, WebhookUrl};
use crate::time::Zone;

/// Whom to tell, and how.
///
/// ```
/// use puntual::task::{EmailAddress, Recipient};
///
/// let jane: EmailAddress = "jane@example.com".parse()?;
/// let recipient = Recipient::from(jane).named("Jane Doe").locale("es");
/// assert_eq!(recipient.channel().as_str(), "email");
/// # Ok::<(), puntual::task::InvalidField>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    channel: Channel,
    address: Address,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zone: Option<Zone>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    locale: Option<String>,
}

/// A person's name; personal, so `Debug` keeps it to itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
struct Name(String);

impl std::fmt::Debug for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

impl Recipient {
    /// An address of one of the host's own channels, opaque to this library.
    pub fn custom(channel: Channel, address: impl Into<String>) -> Self {
        Self::on(channel, Address::Custom(address.into()))
    }

    /// No address but a reference, which the host's resolver turns into an address just before
    /// sending. So no address is stored.
    pub fn reference(channel: Channel, reference: impl Into<String>) -> Self {
        Self::on(channel, Address::Reference(reference.into()))
    }

    fn on(channel: Channel, address: Address) -> Self {
        Recipient { channel, address, name: None, zone: None, locale: None }
    }

    /// Adds the person's name, for a greeting.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(Name(name.into()));
        self
    }

    /// Adds the person's own zone, used for delivery windows.
    #[must_use]
    pub fn in_zone(mut self, zone: Zone) -> Self {
        self.zone = Some(zone);
        self
    }

    /// Adds the person's language, as a BCP 47 tag: `es`, `en-GB`.
    #[must_use]
    pub fn locale(mut self, locale: impl Into<String>) -> Self {
        self.locale = Some(locale.into());
        self
    }

    /// The channel.
    pub fn channel(&self) -> &Channel {
        &self.channel
    }

    /// The address or the reference.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The person's name.
    pub fn name(&self) -> Option<&str> {
        self.name.as_ref().map(|name| name.0.as_str())
    }

    /// The person's own zone.
    pub fn zone(&self) -> Option<&Zone> {
        self.zone.as_ref()
    }

    /// The person's language.
    pub fn language(&self) -> Option<&str> {
        self.locale.as_deref()
    }

    /// The same recipient at another address: what a resolver answers.
    #[must_use]
    pub fn at_address(&self, address: Address) -> Self {
        Recipient { address, ..self.clone() }
    }

    /// Checks what the types of the parts do not check.
    ///
    /// # Errors
    ///
    /// An address, name or locale is empty, has a NUL or control character, or is too long.
    pub fn check(&self) -> Result<(), InvalidField> {
        if let Address::Custom(text) | Address::Reference(text) = &self.address {
            Limits::shown_text("address", text, Limits::ADDRESS)?;
        }
        super::check_name("name", self.name())?;
        if let Some(locale) = self.language() {
            Limits::key_text("locale", locale, 35)?;
            if !locale.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
                let rule = "a language tag such as 'es' or 'en-GB' is expected (BCP 47)";
                return Err(
                    InvalidField::new("locale", super::Rule::Malformed, rule).with_value(locale)
                );
            }
        }
        Ok(())
    }
}

impl From<EmailAddress> for Recipient {
    fn from(address: EmailAddress) -> Self {
        Recipient::on(Channel::EMAIL, Address::Email(address))
    }
}

impl From<PhoneNumber> for Recipient {
    fn from(number: PhoneNumber) -> Self {
        Recipient::on(Channel::SMS, Address::Phone(number))
    }
}

impl From<WebhookUrl> for Recipient {
    fn from(url: WebhookUrl) -> Self {
        Recipient::on(Channel::WEBHOOK, Address::Webhook(url))
    }
}
