//! Reminders for the events in iCalendar files, kept in an SQLite file of their own.
//!
//! `cargo run --example calendar --features sqlite,templates -- FILE.. --to you@example.com`

mod args;
mod book;
mod clock;
mod output;
mod plan;
mod reading;
mod run;

use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use puntual::notify::ConsoleNotifier;
use puntual::render::{TemplateSource, Templates};
use puntual::store::SqliteStore;
use puntual::task::Channel;

#[tokio::main]
async fn main() -> ExitCode {
    let args = args::Args::parse();
    match remind(&args).await {
        Ok(code) => ExitCode::from(code),
        // Whoever reads the list has read enough: `calendar .. | head`.
        Err(error) if is_broken_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("calendar: {error}");
            let mut cause = error.source();
            while let Some(deeper) = cause {
                eprintln!("  because {deeper}");
                cause = deeper.source();
            }
            ExitCode::FAILURE
        }
    }
}

async fn remind(args: &args::Args) -> Result<u8, Box<dyn Error>> {
    let store = SqliteStore::open(&args.db).await?;
    let words =
        TemplateSource::text("{{ data.summary }} is {{ time_to_event }}: {{ event.local }}.")
            .with_subject("{{ data.summary }}, {{ event.local }}");
    let templates = Templates::new().with(plan::TEMPLATE, words)?;
    let console = ConsoleNotifier::new(Channel::EMAIL);
    let interrupted = async {
        // Without a way to hear of Ctrl-C the run ends when nothing is left to wait for.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let mut output = run::Output { out: std::io::stdout(), err: std::io::stderr() };
    let shared = Arc::new(store.clone());
    let code = run::run(args, shared, (console, templates), interrupted, &mut output).await?;
    store.close().await;
    Ok(code)
}

fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    let error = error.downcast_ref::<std::io::Error>();
    error.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}
