//! Figures: ours and the raw reference, interleaved, as one line for eyes and programs.

use std::fs;

/// The figures of one measure, a pair for each round.
#[derive(Debug)]
pub(crate) struct Measure {
    name: String,
    unit: &'static str,
    ours: Vec<f64>,
    raw: Vec<f64>,
}

impl Measure {
    pub(crate) fn new(name: impl Into<String>, unit: &'static str) -> Measure {
        Measure { name: name.into(), unit, ours: Vec::new(), raw: Vec::new() }
    }

    /// Notes one round.
    pub(crate) fn round(&mut self, ours: f64, raw: f64) {
        self.ours.push(ours);
        self.raw.push(raw);
    }

    /// Prints the line, and the range of what it is the median of. The ratio is the median of the
    /// rounds' own ratios: the two figures of a round were taken within the same minute.
    pub(crate) fn print(&self) {
        let ratios: Vec<f64> =
            self.ours.iter().zip(&self.raw).map(|(ours, raw)| ours / raw).collect();
        println!(
            "BENCH {} ours={} raw={} ratio={:.3} unit={} runs={}",
            self.name,
            shown(median(&self.ours)),
            shown(median(&self.raw)),
            median(&ratios),
            self.unit,
            self.ours.len(),
        );
        println!(
            "      range: ours {}, raw {}, ratio {}",
            range(&self.ours),
            range(&self.raw),
            range(&ratios)
        );
    }
}

/// The value in the middle.
pub(crate) fn median(values: &[f64]) -> f64 {
    percentile(values, 50)
}

/// The value that so many of a hundred do not exceed; nothing of nothing.
pub(crate) fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied().unwrap_or(f64::NAN)
}

fn range(values: &[f64]) -> String {
    format!("{}..{}", shown(percentile(values, 0)), shown(percentile(values, 100)))
}

fn shown(value: f64) -> String {
    match value.abs() {
        size if size >= 1_000.0 => format!("{value:.0}"),
        size if size >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

/// Prints once what the figures depend on.
pub(crate) fn print_setting(workload: &str) {
    let first = |path: &str, key: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default().to_owned();
        line.rsplit(": ").next().unwrap_or_default().trim().to_owned()
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("workload: {workload}");
    println!(
        "versions: puntual {}, {}; machine: {cores} cores, {}, {}, load {}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        first("/proc/cpuinfo", "model name"),
        first("/proc/meminfo", "MemTotal"),
        fs::read_to_string("/proc/loadavg").unwrap_or_default().trim(),
    );
}

/// The most memory that this process ever had in use, in megabytes.
pub(crate) fn peak_memory() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches("kB").trim().parse::<f64>().unwrap_or(f64::NAN) / 1_024.0
}

/// Seconds of processor time that this process has used, over all of its threads.
pub(crate) fn processor_seconds() -> f64 {
    let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let nanos = threads.filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<f64>().ok()
    });
    nanos.sum::<f64>() / 1e9
}
