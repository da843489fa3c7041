//! What a server offers: the answer to EHLO.

use lettre::transport::smtp::authentication::Mechanism;

use super::reply::SmtpReply;

/// The extensions that a session makes use of (RFC 5321, section 4.1.1.1).
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Offers {
    /// STARTTLS (RFC 3207).
    pub(super) start_tls: bool,
    /// SMTPUTF8 (RFC 6531).
    pub(super) smtp_utf8: bool,
    /// 8BITMIME (RFC 6152).
    pub(super) eight_bit: bool,
    /// PIPELINING (RFC 2920).
    pub(super) pipelining: bool,
    /// DELIVERBY (RFC 2852), with the shortest time in seconds that the server takes.
    pub(super) deliver_by: Option<u64>,
    pub(super) plain: bool,
    pub(super) login: bool,
}

impl Offers {
    /// Reads the answer to EHLO. Keywords are read in any case; the first line is the greeting.
    pub(super) fn read(reply: &SmtpReply) -> Offers {
        let mut offers = Offers::default();
        for line in reply.lines().skip(1) {
            // Old servers write `AUTH=PLAIN`.
            let line = line.to_ascii_uppercase().replacen("AUTH=", "AUTH ", 1);
            let mut words = line.split_ascii_whitespace();
            match words.next() {
                Some("STARTTLS") => offers.start_tls = true,
                Some("SMTPUTF8") => offers.smtp_utf8 = true,
                Some("8BITMIME") => offers.eight_bit = true,
                Some("PIPELINING") => offers.pipelining = true,
                Some("DELIVERBY") => {
                    let shortest = words.next().and_then(|seconds| seconds.parse().ok());
                    offers.deliver_by = Some(shortest.unwrap_or(1));
                }
                Some("AUTH") => {
                    for mechanism in words {
                        offers.plain |= mechanism == "PLAIN";
                        offers.login |= mechanism == "LOGIN";
                    }
                }
                _ => {}
            }
        }
        offers
    }

    /// The mechanism to log in by. PLAIN needs one round trip, LOGIN three.
    pub(super) fn mechanism(&self) -> Option<Mechanism> {
        match (self.plain, self.login) {
            (true, _) => Some(Mechanism::Plain),
            (false, true) => Some(Mechanism::Login),
            (false, false) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reply::read_reply;
    use super::*;

    #[test]
    fn offers_are_read_in_any_case() {
        let of = |text: &str| Offers::read(&read_reply(text.as_bytes()).unwrap());
        let rich = of(
            "250-mx.example STARTTLS\r\n250-starttls\r\n250-8bitmime\r\n250-SMTPUTF8\r\n\
                       250-DELIVERBY 120\r\n250-SIZE 5\r\n250-PIPELINING\r\n250 AUTH=login CRAM-MD5 plain\r\n",
        );
        assert!(rich.start_tls && rich.eight_bit && rich.smtp_utf8 && rich.pipelining);
        assert_eq!((rich.deliver_by, rich.mechanism()), (Some(120), Some(Mechanism::Plain)));
        assert_eq!(of("250 STARTTLS DELIVERBY\r\n"), Offers::default(), "a greeting is no offer");
        assert_eq!(of("250-x\r\n250 DELIVERBY\r\n").deliver_by, Some(1));
        assert_eq!(of("250-x\r\n250 AUTH LOGIN\r\n").mechanism(), Some(Mechanism::Login));
        assert_eq!(of("250-x\r\n250 AUTH XOAUTH2\r\n").mechanism(), None);
    }
}
