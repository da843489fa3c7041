//! From a name to a connection.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpStream, lookup_host};

use super::phase::{Fault, SmtpPhase, Trouble};
use super::relay::{Alarm, Relay};
use super::tls::SmtpTls;
use super::wire::Wire;

/// Addresses of a name that are tried, each under the time limit of its own.
const ADDRESSES_MAX: usize = 4;

/// Connects to the first address that answers.
pub(super) async fn connect(relay: &Relay, alarm: &mut Alarm) -> Result<Wire, Trouble> {
    let phase = SmtpPhase::Connect;
    let lookup = async { lookup_host((relay.host.as_str(), relay.port)).await.map_err(Fault::Io) };
    let found = relay.within(alarm, phase, lookup).await?;
    let found = found.filter(|address| may_be_used(relay, address)).take(ADDRESSES_MAX);
    let mut last = None;
    for address in found {
        let open = async { TcpStream::connect(address).await.map_err(Fault::Io) };
        match relay.within(alarm, phase, open).await {
            Ok(stream) => {
                // Commands are small and each waits for its answer: nothing to gather.
                stream.set_nodelay(true).map_err(|e| Trouble::new(phase, Fault::Io(e)))?;
                return Ok(Wire::new(stream));
            }
            Err(trouble) => last = Some(trouble),
        }
    }
    Err(last.unwrap_or_else(|| {
        let what = io::Error::new(io::ErrorKind::NotFound, "the name has no usable address");
        Trouble::new(phase, Fault::Io(what))
    }))
}

/// Credentials go over plain TCP only within the machine, whatever a name resolves to.
fn may_be_used(relay: &Relay, address: &SocketAddr) -> bool {
    relay.tls != SmtpTls::None || relay.credentials.is_none() || address.ip().is_loopback()
}
