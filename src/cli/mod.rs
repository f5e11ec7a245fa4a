//! The command line. The only room that reads arguments and prints.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is where ndc speaks")]

mod build;
mod cache;
mod check;
mod checkpointing;
mod compiling;
mod data;
mod doc;
mod eval;
mod event_log;
mod explain;
mod fmt;
mod grad;
mod gradcheck;
mod graph;
mod json_lines;
mod layers;
mod logging;
mod new;
mod output;
mod params;
mod predict;
mod profile;
mod rate_finding;
mod report_page;
mod reporting;
mod run;
mod set;
mod summary;
mod test;
mod trying;
mod using;
mod watch;
mod watch_training;
mod watched;
mod write;

use crate::check::Options;
use crate::diagnostics::render::MessageFormat;
use crate::doc::library_page_names;
use crate::driver::Stage;
use crate::ir::ElementType;
use crate::picture::folding::Folding;
use crate::runtime::threads;
use crate::subject::{Request, parse_size};
use clap::builder::PossibleValuesParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use compiling::Compiling;
use run::RunArguments;
use set::Set;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// The compiler of nd, a small language for differentiable programs.
#[derive(Parser)]
#[command(name = "ndc", version, arg_required_else_help = true, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  ndc new flowers                       start a project that runs
  ndc data flowers.csv                  see what is in a data file, and how to read it
  ndc run examples/iris.nd              train a model on real data
  ndc check examples/iris.nd            look for mistakes without running
  ndc test examples/                    run the tests of every file in a folder
  ndc check examples/iris.nd --emit ir  see what the compiler makes of it
  ndc gradcheck examples/gates.nd       check every derivative by four other methods
  ndc graph examples/iris.nd -o a.svg   draw the loss with its values and derivatives
  ndc profile examples/iris.nd          see where the time of a step goes
  ndc fmt examples/                     write files in their usual form
  ndc build model.nd --size n=100       compile functions for programs in C, Rust and Python
  ndc grad model.nd --of f              write the gradient of a function as nd
  ndc explain E0204                     what an error means and how to mend it";

#[derive(Subcommand)]
enum Command {
    /// Run a program: compute, train and print, from top to bottom
    Run {
        /// The .nd file
        file: PathBuf,
        #[command(flatten)]
        arguments: RunArguments,
    },
    /// Look for mistakes without running
    Check {
        /// The .nd file
        file: PathBuf,
        /// List the parameters: path, shape, number of elements, initial value
        #[arg(long)]
        params: bool,
        /// Show on standard error how long each stage took
        #[arg(long)]
        time: bool,
        #[command(flatten)]
        set: Set,
        #[command(flatten)]
        common: Common,
    },
    /// Show the layers with their parameters, and what a step of training needs: memory and operations
    Summary {
        /// The .nd file
        file: PathBuf,
        #[command(flatten)]
        set: Set,
        /// Simplify further, with results that round differently and hold where everything is finite
        #[arg(long)]
        fast_math: bool,
        #[command(flatten)]
        settings: Settings,
    },
    /// Show the columns of a data file, and a `data` item for it
    Data {
        #[command(flatten)]
        arguments: data::Arguments,
        #[command(flatten)]
        messages: Messages,
    },
    /// Run the tests of files and folders
    Test {
        /// .nd files, or folders that hold some
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Run only tests whose name contains this
        #[arg(long, value_name = "TEXT")]
        only: Option<String>,
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        compiling: Compiling,
    },
    /// Write files in their usual form: indentation, blanks, line breaks
    Fmt {
        /// .nd files, or folders that hold some; none or `-` for standard input
        files: Vec<PathBuf>,
        /// Change nothing; list the files that would change
        #[arg(long)]
        check: bool,
        #[command(flatten)]
        messages: Messages,
    },
    /// Draw the computational graph of a function, model or loss, with values and derivatives
    Graph {
        /// The .nd file
        file: PathBuf,
        #[command(flatten)]
        question: Asked,
        /// Draw the derivatives of the sum of all elements, where the result is not one number
        #[arg(long)]
        sum: bool,
        /// Draw calls inside this many others as boxes
        #[arg(long, value_name = "N")]
        depth: Option<usize>,
        /// Draw the inside of the calls of this name
        #[arg(long, value_name = "NAME")]
        unfold: Vec<String>,
        /// The SVG file to write; without it, standard output
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        #[command(flatten)]
        settings: Settings,
    },
    /// Write the reference of a file from its `///` comments, or of the standard library
    Doc {
        /// The .nd file; without one, the standard library and what is built in
        file: Option<PathBuf>,
        /// Only this page of the library: a module, what is built in, what operations give at their hard points, or what the
        /// optimiser does
        #[arg(long, value_name = "NAME", conflicts_with = "file", value_parser = PossibleValuesParser::new(library_page_names()))]
        page: Option<String>,
        /// Write HTML in place of Markdown, into a folder
        #[arg(long)]
        html: bool,
        /// The folder for the pages; of HTML `nd-doc` where none is named
        #[arg(short, long, value_name = "DIR")]
        output: Option<PathBuf>,
        #[command(flatten)]
        messages: Messages,
    },
    /// Check derivatives: reverse mode against forward mode, differences, complex steps and native code
    Gradcheck {
        /// The .nd file
        file: PathBuf,
        #[command(flatten)]
        options: gradcheck::Arguments,
        #[command(flatten)]
        messages: Messages,
    },
    /// Show where the time goes: of each kernel its time, arithmetic, memory and lines
    Profile {
        /// The .nd file
        file: PathBuf,
        #[command(flatten)]
        arguments: profile::Arguments,
        #[command(flatten)]
        settings: Settings,
    },
    /// Write a function and its gradient as nd: what reverse mode computes, line by line, with a test
    Grad {
        /// The .nd file
        file: PathBuf,
        #[command(flatten)]
        question: Asked,
        /// Differentiate by these arguments, parameters and models; without it, by all real arguments
        #[arg(long, value_name = "NAMES", value_delimiter = ',')]
        wrt: Vec<String>,
        /// Write to this file
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        #[command(flatten)]
        common: Common,
    },
    /// Compile functions ahead of time: an object file with a C header and a Rust module, a shared library, a Python file
    Build(build::Arguments),
    /// Say what a trained model predicts for new examples
    Predict(predict::Arguments),
    /// Loss and metrics of a trained model over a data set
    Eval(eval::Arguments),
    /// Look for mistakes whenever a file of a program is saved, and run it on request
    Watch(watch::Arguments),
    /// Start a project: a program that runs, with data, a test and a page that tells how to use it
    New(new::Arguments),
    /// Say where compiled programs are kept for the next run, and how much there is
    Cache {
        /// Remove all of it
        #[arg(long)]
        clear: bool,
    },
    /// Explain an error code: what it means, an example, how to mend it
    Explain {
        /// The code, such as E0204; without one, all codes are listed
        code: Option<String>,
    },
}

/// Which function of a file, at which arguments.
#[derive(Args, Clone)]
struct Asked {
    /// A function or model of the file, or `loss`: that of its first `train`
    #[arg(long, value_name = "NAME", default_value = "loss")]
    of: String,
    /// Its arguments as in a call: "x = -2, y = [1, 2]"; of a loss, entries of an example
    #[arg(long, value_name = "ARGUMENTS", allow_hyphen_values = true)]
    at: Option<String>,
    /// A size of its arguments, where none are given: n=3
    #[arg(long, value_name = "NAME=N", value_parser = parse_size, value_delimiter = ',')]
    size: Vec<(String, i64)>,
}

impl Asked {
    fn request(&self) -> Request<'_> {
        Request { of: &self.of, at: self.at.as_deref(), sizes: &self.size }
    }
}

#[derive(Args, Clone)]
struct Common {
    /// Show a stage of the compilation in place of running
    #[arg(long, value_enum, value_name = "STAGE")]
    emit: Option<Stage>,
    /// Simplify further, with results that round differently and hold where everything is finite; `--emit plan` tells
    #[arg(long)]
    fast_math: bool,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Args, Clone)]
struct Settings {
    /// Compute in this precision, whatever the file says
    #[arg(long, value_enum, value_name = "PRECISION")]
    precision: Option<Precision>,
    /// The seed of random initial values and orders that state none
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
    /// The memory for states that a loop stores for its derivative [default: 48MiB]
    #[arg(long, value_parser = memory, value_name = "SIZE")]
    loop_memory: Option<usize>,
    #[command(flatten)]
    threads: Threads,
    #[command(flatten)]
    messages: Messages,
}

#[derive(Args, Clone)]
struct Threads {
    /// How many threads work on large operations; results are the same for any number [default: one for each processor]
    #[arg(long, value_name = "N", env = "NDC_THREADS", hide_env_values = true, value_parser = thread_count)]
    threads: Option<ThreadCount>,
}

/// A number of threads; none where the environment variable is there, but empty.
#[derive(Clone, Copy)]
struct ThreadCount(Option<usize>);

fn thread_count(text: &str) -> Result<ThreadCount, String> {
    if text.is_empty() {
        return Ok(ThreadCount(None));
    }
    match text.parse::<usize>() {
        Ok(count) if (1..=threads::MOST).contains(&count) => Ok(ThreadCount(Some(count))),
        Ok(count) => Err(format!("{count} is not in 1..={}", threads::MOST)),
        Err(_) => Err(format!("a number of threads is a whole number from 1 to {}", threads::MOST)),
    }
}

#[derive(Args, Clone)]
struct Messages {
    /// How messages look
    #[arg(long, value_enum, default_value_t = Format::Full, value_name = "FORMAT")]
    message_format: Format,
    /// When to use colour
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,
}

#[derive(Clone, Copy, ValueEnum)]
enum Precision {
    F32,
    F64,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// With the source and an explanation
    Full,
    /// One line each
    Short,
    /// One JSON object a line
    Json,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

impl Command {
    /// What was said about threads, where a command computes.
    fn threads(&self) -> Option<usize> {
        let arguments = match self {
            Command::Run { arguments, .. } => &arguments.common.settings.threads,
            Command::Check { common, .. } | Command::Test { common, .. } | Command::Grad { common, .. } => {
                &common.settings.threads
            }
            Command::Graph { settings, .. } | Command::Profile { settings, .. } | Command::Summary { settings, .. } => {
                &settings.threads
            }
            Command::Watch(arguments) => &arguments.settings.threads,
            Command::Predict(arguments) => &arguments.using.settings.threads,
            Command::Eval(arguments) => &arguments.using.settings.threads,
            Command::Build(arguments) => &arguments.settings.threads,
            Command::Gradcheck { options, .. } => &options.threads,
            Command::Fmt { .. }
            | Command::Data { .. }
            | Command::Doc { .. }
            | Command::New(_)
            | Command::Cache { .. }
            | Command::Explain { .. } => return None,
        };
        arguments.threads.and_then(|ThreadCount(count)| count)
    }
}

impl Common {
    fn options(&self) -> Options {
        Options { fast_math: self.fast_math, ..self.settings.options() }
    }
}

impl Settings {
    fn options(&self) -> Options {
        let precision = self.precision.map(|precision| match precision {
            Precision::F32 => ElementType::F32,
            Precision::F64 => ElementType::F64,
        });
        Options { precision, seed: self.seed, loop_memory: self.loop_memory, ..Options::default() }
    }
}

/// A number of bytes, such as `64MiB`.
fn memory(text: &str) -> Result<usize, String> {
    const UNITS: [(&str, u32); 5] = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40), ("B", 0)];
    let unit = UNITS.iter().find_map(|(unit, bits)| text.strip_suffix(unit).map(|number| (number, *bits)));
    let (number, bits) = unit.unwrap_or((text, 0));
    let bytes = number.trim_end().parse::<usize>().ok().and_then(|number| number.checked_mul(1 << bits));
    bytes.ok_or_else(|| "a size is a whole number with `B`, `KiB`, `MiB` or `GiB`, such as `64MiB`".to_string())
}

impl AsRef<Messages> for Common {
    fn as_ref(&self) -> &Messages {
        self.settings.as_ref()
    }
}

impl AsRef<Messages> for Settings {
    fn as_ref(&self) -> &Messages {
        &self.messages
    }
}

impl AsRef<Messages> for Messages {
    fn as_ref(&self) -> &Messages {
        self
    }
}

impl Messages {
    fn format(&self) -> MessageFormat {
        match self.message_format {
            Format::Full => MessageFormat::Full,
            Format::Short => MessageFormat::Short,
            Format::Json => MessageFormat::Json,
        }
    }
}

/// Runs the command line; the exit code is 0 for success, 1 for errors, 2 for wrong usage and for what cannot be
/// formatted.
pub fn main() -> ExitCode {
    let begun = Instant::now();
    let cli = Cli::parse();
    if let Some(count) = cli.command.threads() {
        threads::set_count(count);
    }
    let succeeded = match &cli.command {
        Command::Run { file, arguments } => run::run(file, arguments, begun),
        Command::Check { file, params, time, set, common } => {
            check::check(file, &set.overrides, *params, time.then_some(begun), common)
        }
        Command::Summary { file, set, fast_math, settings } => {
            let options = Options { fast_math: *fast_math, ..settings.options() };
            summary::summary(file, &set.overrides, options, settings)
        }
        Command::Test { files, only, common, compiling } => test::test(files, only.as_deref(), common, *compiling),
        Command::Fmt { files, check, messages } => return fmt::fmt(files, *check, messages),
        Command::Graph { file, question, sum, depth, unfold, output, settings } => {
            let folding = Folding { depth: *depth, unfold: unfold.clone() };
            graph::graph(file, question, *sum, &folding, output.as_deref(), settings)
        }
        Command::Doc { file, page, html, output, messages } => {
            let what = match (file, page) {
                (Some(file), _) => doc::What::File(file),
                (None, Some(page)) => doc::What::Page(page),
                (None, None) => doc::What::Library,
            };
            doc::doc(what, *html, output.as_deref(), messages)
        }
        Command::Gradcheck { file, options, messages } => gradcheck::gradcheck(file, options, messages),
        Command::Profile { file, arguments, settings } => profile::profile(file, arguments, settings),
        Command::Grad { file, question, wrt, output, common } => {
            grad::grad(file, question.request(), wrt, output.as_deref(), common)
        }
        Command::Build(arguments) => build::build(arguments),
        Command::Predict(arguments) => predict::predict(arguments),
        Command::Eval(arguments) => eval::eval(arguments),
        Command::Watch(arguments) => watch::watch(arguments),
        Command::New(arguments) => new::new(arguments),
        Command::Data { arguments, messages } => data::data(arguments, messages),
        Command::Cache { clear } => cache::cache(*clear),
        Command::Explain { code } => explain::explain(code.as_deref()),
    };
    if succeeded { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
