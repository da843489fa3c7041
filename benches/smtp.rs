//! How fast e-mail goes out over one connection, and whether memory stays flat.
//!
//! `cargo bench --features smtp,testing --bench smtp`; `-- text`, `-- html`, `-- lettre` or
//! `-- peak` ask for a part; `PUNTUAL_BENCH_MESSAGES` asks for another number of messages. The
//! relay is on the same machine and answers at once, so that a round trip is as short as it can be:
//! whatever the client does besides shows most; `_1ms` are the same with a relay a millisecond away.
//! The raw reference writes the same bytes, command by command, and waits for the same answers; the
//! other one is lettre's own transport with its pool, which leaves TCP to gather what it writes.

#[path = "smtp/relay.rs"]
mod relay;
mod support;

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::try_join_all;
use lettre::transport::smtp::PoolConfig;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message as Mail, Tokio1Executor};
use puntual::notify::{Notification, Notifier as _, SmtpNotifier, SmtpTls};
use puntual::task::{EmailAddress, Message};
use puntual::testing;
use puntual::time::{Clock, SystemClock};
use relay::{Relay, write_raw};
use support::report::{Measure, peak_memory, print_setting};
use support::{Result, is_asked_for, number, runtime};

const ROUNDS: usize = 5;

/// So many messages go over one connection before it is closed, in all clients.
const PER_CONNECTION: u32 = 10_000;

/// Says that a process of its own sends and prints its peaks.
const PEAK: &str = "PUNTUAL_BENCH_SMTP_PEAK";

fn main() -> Result<()> {
    let messages = number("PUNTUAL_BENCH_MESSAGES", 5_000);
    if std::env::var_os(PEAK).is_some() {
        return runtime()?.block_on(peaks());
    }
    print_setting(
        "one connection to a relay on the same machine that answers at once, without TLS; text: \
         400 bytes; html: text and 8,000 bytes of HTML; raw: the same bytes in four writes, each \
         followed by its answer; lettre: its AsyncSmtpTransport with a pool of one connection",
    );
    runtime()?.block_on(async {
        for (name, message) in [("text", text()), ("html", html())] {
            if is_asked_for(name) {
                against_raw(name, &message, messages, Duration::ZERO).await?;
                let far = format!("{name}_1ms");
                against_raw(&far, &message, (messages / 10).max(1), Duration::from_millis(1))
                    .await?;
            }
        }
        if is_asked_for("lettre") {
            against_lettre((messages / 50).max(1)).await?;
        }
        if is_asked_for("peak") {
            peak()?;
        }
        Ok(())
    })
}

fn text() -> Message {
    let text = "Court 3 is booked for you on Friday at 6 pm. See you!\n".repeat(8);
    Message::text(&text[..400]).with_subject("Court 3 on Friday at 6 pm")
}

fn html() -> Message {
    text().with_html("<p>Court 3 is booked for you on <b>Friday</b>.</p>\n".repeat(160))
}

fn notification(message: Message) -> Result<Notification> {
    let jane: EmailAddress = "jane@example.com".parse()?;
    Ok(testing::notification(jane, message))
}

fn notifier(relay: &Relay) -> Result<Arc<SmtpNotifier>> {
    let builder = SmtpNotifier::builder("127.0.0.1", "Court Club <desk@court.example>")
        .port(relay.address.port())
        .tls(SmtpTls::None)
        .hello("bench.example")
        .connections(1)
        .messages_per_connection(PER_CONNECTION);
    Ok(Arc::new(builder.build()?))
}

/// Sends so many messages as an engine does: as many at the same time as the notifier asks for.
async fn send(notifier: &Arc<SmtpNotifier>, message: &Notification, messages: u64) -> Result<()> {
    let lanes = notifier.concurrency() as u64;
    let lane = |lane: u64| {
        let (notifier, message) = (Arc::clone(notifier), message.clone());
        tokio::spawn(async move {
            let attempt = testing::attempt().build();
            for _ in (lane..messages).step_by(lanes as usize) {
                notifier.notify(&attempt, &message).await?;
            }
            Ok::<(), puntual::notify::NotifyError>(())
        })
    };
    for sent in try_join_all((0..lanes).map(lane)).await? {
        sent?;
    }
    Ok(())
}

async fn per_second(messages: u64, work: impl Future<Output = Result<()>>) -> Result<f64> {
    let clock = SystemClock::new();
    let begun = clock.monotonic();
    work.await?;
    Ok(messages as f64 / clock.monotonic().saturating_sub(begun).as_secs_f64())
}

async fn against_raw(name: &str, message: &Message, messages: u64, delay: Duration) -> Result<()> {
    for (suffix, offers) in [("", &[][..]), ("_pipelining", &["PIPELINING"])] {
        let relay = Relay::start(offers, delay)?;
        let (notifier, message) = (notifier(&relay)?, notification(message.clone())?);
        send(&notifier, &message, 100).await?;
        let letter = relay.last();
        let mut measure = Measure::new(format!("smtp_{name}{suffix}"), "messages/s");
        for _ in 0..ROUNDS {
            let ours = per_second(messages, send(&notifier, &message, messages)).await?;
            let raw = write_raw(relay.address, &letter, messages);
            measure.round(ours, per_second(messages, raw).await?);
        }
        measure.print();
    }
    Ok(())
}

async fn against_lettre(messages: u64) -> Result<()> {
    let relay = Relay::start(&[], Duration::ZERO)?;
    let (notifier, message) = (notifier(&relay)?, notification(text())?);
    let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
        .port(relay.address.port())
        .pool_config(PoolConfig::new().max_size(1))
        .build();
    let mut measure = Measure::new("smtp_text_lettre", "messages/s");
    for _ in 0..ROUNDS {
        let ours = per_second(messages, send(&notifier, &message, messages)).await?;
        let other = per_second(messages, send_by_lettre(&transport, messages)).await?;
        measure.round(ours, other);
    }
    measure.print();
    Ok(())
}

async fn send_by_lettre(
    transport: &AsyncSmtpTransport<Tokio1Executor>,
    messages: u64,
) -> Result<()> {
    let message = text();
    for _ in 0..messages {
        let mail = Mail::builder()
            .from("Court Club <desk@court.example>".parse()?)
            .to("jane@example.com".parse()?)
            .subject(message.subject.clone().unwrap_or_default())
            .body(message.text.clone())?;
        transport.send(mail).await?;
    }
    Ok(())
}

/// The peak memory of a process after 100,000 messages, beside that after 10,000.
fn peak() -> Result<()> {
    let process = Command::new(std::env::current_exe()?).env(PEAK, "1").output()?;
    let printed = String::from_utf8(process.stdout)?;
    let figures: Vec<f64> =
        printed.split_whitespace().map(str::parse).collect::<std::result::Result<_, _>>()?;
    let [early, late] = figures[..] else {
        return Err(format!("no figures of the process: {}", process.status).into());
    };
    let mut measure = Measure::new("smtp_peak_memory_100000", "MB");
    measure.round(late, early);
    measure.print();
    Ok(())
}

async fn peaks() -> Result<()> {
    let relay = Relay::start(&[], Duration::ZERO)?;
    let (notifier, message) = (notifier(&relay)?, notification(html())?);
    for messages in [10_000, 90_000] {
        send(&notifier, &message, messages).await?;
        println!("{:.2}", peak_memory());
    }
    Ok(())
}
