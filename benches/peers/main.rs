//! ndc beside its peers: `cargo bench --bench peers` prints the ratio of times for every row of the table in [`rows`].
//!
//! A program of ndc and each of its peers is a process of its own, which measures when it is told to. So all of a row run by
//! turns, a moment each, in the same seconds; the figure of each is the least over the rounds of its median. Before that,
//! what they compute is compared: a peer that gives other values than ndc fails the run.
//!
//! The peers are the scripts of the folder `../shared/peers` (`--peers`, `NDC_PEERS`) and those beside this file. They are
//! copied to `target/peers`, where they keep what they build. Peers that are not installed are left out, with a line that says
//! so. `docs/performance.md` has the results, written by `--markdown`.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the table is what this program is for")]

mod folder;
mod measure;
mod ours;
mod report;
mod rows;
mod server;
mod values;

use clap::Parser;
use rows::Row;
use std::path::PathBuf;
use std::process::ExitCode;

/// Times ndc beside its peers.
#[derive(Parser)]
struct Options {
    /// Rows whose names have one of these words; all where there are none.
    words: Vec<String>,
    /// Measures rows of one thread with so many.
    #[arg(long)]
    threads: Option<usize>,
    /// How long each is measured in each round.
    #[arg(long, default_value_t = 0.2)]
    seconds: f64,
    /// How often all take their turn.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Leaves the peers out.
    #[arg(long)]
    alone: bool,
    /// Measures the peers that a limit does not count too.
    #[arg(long)]
    all: bool,
    /// Prints the table as Markdown.
    #[arg(long)]
    markdown: bool,
    /// Lists the rows.
    #[arg(long)]
    list: bool,
    /// The folder of the shared peers; else NDC_PEERS.
    #[arg(long)]
    peers: Option<PathBuf>,
    /// The Python that has the peers installed; else that of the folder's `venv`.
    #[arg(long)]
    python: Option<PathBuf>,
    /// What Cargo says to every bench.
    #[arg(long, hide = true)]
    bench: bool,
    /// Serves the nd program of a row.
    #[arg(long, hide = true)]
    serve: Option<String>,
    /// The values that it begins with.
    #[arg(long, hide = true)]
    values: Option<PathBuf>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(name) = &options.serve {
        let row = rows::ROWS.iter().find(|row| row.name == name).expect("a row");
        server::serve(row, options.values.as_deref());
        return ExitCode::SUCCESS;
    }
    let wanted = |row: &&Row| options.words.is_empty() || options.words.iter().any(|word| row.name.contains(word));
    let rows: Vec<&Row> = rows::ROWS.iter().filter(wanted).collect();
    if options.list {
        rows.iter().for_each(|row| println!("{:24} {}", row.name, row.work));
        return ExitCode::SUCCESS;
    }
    let folder = folder::Folder::new(&options);
    let mut table = report::Report::new(options.markdown);
    let mut agree = true;
    for row in rows {
        match measure::measure(row, &options, &folder) {
            Ok(measured) => table.add(row, measured),
            Err(message) => {
                agree = false;
                eprintln!("{}: {message}", row.name);
            }
        }
    }
    table.finish();
    if agree { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
