//! What was measured, for people: Markdown, to be pasted.

use std::fmt::Write;

use crate::load::Sample;

/// All rounds of one entrant.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) rounds: Vec<Sample>,
    /// MiB, now and at the highest.
    pub(crate) memory: (f64, f64),
    pub(crate) instructions: Option<f64>,
}

impl Row {
    /// Compares round by round: what else the machine does then hits both.
    pub(crate) fn ratio(&self, to: &Row, of: impl Fn(&Sample) -> f64) -> f64 {
        median(self.rounds.iter().zip(&to.rounds).map(|(one, other)| of(one) / of(other)))
    }

    pub(crate) fn median(&self, of: impl Fn(&Sample) -> f64) -> f64 {
        median(self.rounds.iter().map(of))
    }
}

/// Medians of all rounds, and ratios to the row `base`.
pub(crate) fn render(rows: &[Row], base: usize) -> String {
    let mut text = String::from(HEAD);
    let base = &rows[base];
    for row in rows {
        let cell = |of: fn(&Sample) -> f64, digits: usize| {
            format!("{:.digits$} ({:.2})", row.median(of), row.ratio(base, of))
        };
        let instructions = match (row.instructions, base.instructions) {
            (Some(own), Some(other)) => format!("{:.0} k ({:.2})", own / 1e3, own / other),
            _ => "-".to_owned(),
        };
        let _ = writeln!(
            text,
            "| {:<42} | {:>12} | {:>12} | {:>12} | {:>12} | {:>5.1}, {:>5.1} | {:>13} |",
            row.name,
            cell(|sample| sample.cpu, 0),
            cell(|sample| sample.requests_per_second, 0),
            cell(|sample| sample.p50, 2),
            cell(|sample| sample.p99, 2),
            row.memory.0,
            row.memory.1,
            instructions,
        );
    }
    text
}

pub(crate) fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        length if length % 2 == 0 => f64::midpoint(values[middle - 1], values[middle]),
        _ => values[middle],
    }
}

const HEAD: &str = "\
| median (ratio)                             | CPU us / req |        req/s |       p50 ms |       p99 ms | RSS, max MiB |  instructions |
| ------------------------------------------ | -----------: | -----------: | -----------: | -----------: | -----------: | ------------: |
";
