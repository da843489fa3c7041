//! One real e-mail through your relay, each step told with its time.
//!
//! `cargo run --example send_test --features smtp -- --to you@example.com`, with `SMTP_HOST` and
//! `SMTP_FROM`, and where the relay wants them `SMTP_PORT`, `SMTP_TLS`, `SMTP_USER` and
//! `SMTP_PASSWORD` in the environment. It ends with 0 where the relay accepted the message, with 1
//! where it did not, and with 2 where arguments, settings or the address are wrong and nothing was
//! tried.

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use puntual::notify::{SmtpBuilder, SmtpNotifier};
use puntual::task::EmailAddress;

/// Sends one test e-mail and tells each step with its time.
///
/// Settings come from the environment: SMTP_HOST, SMTP_FROM, and where the relay wants them
/// SMTP_PORT, SMTP_TLS (implicit, starttls or none), SMTP_USER and SMTP_PASSWORD.
#[derive(Debug, Parser)]
struct Args {
    /// Who gets it.
    #[arg(long, value_name = "ADDRESS")]
    to: EmailAddress,
    /// Trusts the certificates in this PEM file as well: for a relay with an authority of its own.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = Args::parse();
    let notifier = match notifier(&args) {
        Ok(notifier) => notifier,
        Err(error) => {
            eprintln!("send_test: {error}");
            return ExitCode::from(2);
        }
    };
    let trial = notifier.send_test(&args.to).await;
    match trial.outcome() {
        Err(error) if trial.steps().is_empty() => {
            eprintln!("send_test: {error}");
            return ExitCode::from(2);
        }
        _ => println!("{trial}"),
    }
    if trial.is_accepted() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn notifier(args: &Args) -> Result<SmtpNotifier, Box<dyn Error>> {
    let mut settings = SmtpBuilder::from_env()?;
    if let Some(path) = &args.ca {
        let pem = std::fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
        settings = settings.extra_root(pem);
    }
    Ok(settings.build()?)
}
