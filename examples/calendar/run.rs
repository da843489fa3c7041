//! One run of the command: reads the files, keeps the book, prints the list, or sends.

use std::{
    collections::BTreeMap,
    error::Error,
    future::Future,
    io::{self, Write},
    sync::Arc,
};

use puntual::{
    Scheduler,
    notify::Notifier,
    render::Renderer,
    store::TaskStore,
    task::EmailAddress,
    time::{Clock, SystemClock},
};

use super::{
    args::Args,
    book::Book,
    clock::AsOf,
    output,
    plan::{Rules, from_chrono, to_chrono},
    reading::{self, Options, Reading, problem::Problem, source},
};

/// Everything was used, or there was nothing to use.
pub(crate) const ALL_USED: u8 = 0;

/// Some event or property could not be used; the others were.
pub(crate) const SOME_UNUSABLE: u8 = 3;

/// Where the command prints.
#[derive(Debug)]
pub(crate) struct Output<O, E> {
    /// The list.
    pub(crate) out: O,
    /// What could not be used, and why.
    pub(crate) err: E,
}

/// Runs the command on a store, sending through `notifier` in the words of `renderer`, and
/// answers its exit code. `interrupted` ends the sending.
///
/// # Errors
///
/// An argument makes no sense, the store failed, or the output is closed.
pub(crate) async fn run<O: Write, E: Write>(
    args: &Args,
    store: Arc<dyn TaskStore>,
    (notifier, renderer): (impl Notifier, impl Renderer),
    interrupted: impl Future<Output = ()>,
    to: &mut Output<O, E>,
) -> Result<u8, Box<dyn Error>> {
    let clock: Arc<dyn Clock> = match args.now {
        Some(now) => {
            let now = to_chrono(now).ok_or("--now is outside of the years that are known")?;
            Arc::new(AsOf::new(now))
        }
        None => Arc::new(SystemClock::new()),
    };
    let rules = Rules {
        now: from_chrono(clock.now()),
        distance: args.distance(),
        zone: args.zone.clone(),
        to: args.to.as_deref().map(str::parse::<EmailAddress>).transpose()?,
    };
    let scheduler = Scheduler::builder(store.clone())
        .notifier(notifier)
        .renderer(renderer)
        .clock(clock.clone())
        .build()?;
    let options = Options { now: rules.now, zone: rules.zone.clone() };

    let mut problems = Vec::new();
    let readings = read_all(args, &options, &mut problems, &mut to.err)?;
    let book = Book { scheduler: scheduler.clone(), store: store.clone(), rules };
    let entry = book.update(&readings).await?;
    problems.extend(entry.problems);
    for problem in &problems {
        writeln!(to.err, "{problem}")?;
    }
    if args.run {
        send(&scheduler, &*store, &*clock, interrupted).await?;
    } else if args.json {
        output::json(&entry.lines, &mut to.out)?;
    } else {
        output::table(&entry.lines, &mut to.out)?;
    }
    Ok(if problems.is_empty() { ALL_USED } else { SOME_UNUSABLE })
}

/// Reads every file; one that cannot be read is a problem and has no reading.
fn read_all(
    args: &Args,
    options: &Options,
    problems: &mut Vec<Problem>,
    err: &mut impl Write,
) -> Result<BTreeMap<String, Reading>, Box<dyn Error>> {
    let mut readings = BTreeMap::new();
    for (name, path) in args.files()? {
        let bytes = match source::load(path) {
            Ok(bytes) => bytes,
            Err(reason) => {
                problems.push(Problem::of_file(&name, reason));
                continue;
            }
        };
        let mut reading = reading::read(&name, &bytes, options);
        if reading.events == 0 && reading.problems.is_empty() {
            say_empty(&name, err)?;
        }
        problems.append(&mut reading.problems);
        readings.insert(name, reading);
    }
    Ok(readings)
}

fn say_empty(name: &str, err: &mut impl Write) -> io::Result<()> {
    writeln!(err, "{}: the file has no event, nothing is scheduled", name.escape_debug())
}

/// Sends what is due, waits for what comes next, and ends when nothing is left to wait for.
async fn send(
    scheduler: &Scheduler,
    store: &dyn TaskStore,
    clock: &dyn Clock,
    interrupted: impl Future<Output = ()>,
) -> Result<(), Box<dyn Error>> {
    let work = async {
        loop {
            scheduler.run_until_idle().await?;
            match store.stats(clock.now()).await?.next_wake_at {
                Some(next) => clock.sleep_until(next).await,
                None => return Ok(()),
            }
        }
    };
    tokio::select! {
        biased;
        () = interrupted => Ok(()),
        done = work => done,
    }
}
