//! `ndc watch FILE`: looks for mistakes whenever a file of the program is saved, and runs it on request.

use super::Settings;
use super::checkpointing::INTERRUPTED;
use super::output::{explain, report, say};
use super::set::Set;
use super::watched::Watched;
use crate::check::Options;
use crate::data::FileLoader;
use crate::diagnostics::catalog::files::cannot_read;
use crate::driver::{Checked, check_file_with};
use crate::report::{counted, duration};
use clap::Args;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag::register;
use std::ffi::OsString;
use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How often files are looked at.
const EVERY: Duration = Duration::from_millis(50);
/// How long files must be left alone before they are read: an editor may write them in several pieces.
const SETTLED: Duration = Duration::from_millis(10);
/// How long a file that is gone is waited for: some editors move it away before they write it anew.
const GONE: Duration = Duration::from_millis(300);
/// How long a run that was asked to end may take to finish its step.
const ENDING: Duration = Duration::from_secs(5);
/// How often a program is checked that needs a file which is not there.
const MISSING_EVERY: Duration = Duration::from_millis(500);

/// What `ndc watch` is told.
#[derive(Args)]
pub(super) struct Arguments {
    /// The .nd file
    file: PathBuf,
    /// Run the program whenever it was saved without mistakes, not on request only
    #[arg(long)]
    run: bool,
    #[command(flatten)]
    set: Set,
    /// Simplify further, with results that round differently and hold where everything is finite
    #[arg(long)]
    fast_math: bool,
    #[command(flatten)]
    pub(super) settings: Settings,
    /// Options of `ndc run` for the runs: `-- --plot`
    #[arg(last = true, value_name = "OPTIONS")]
    options: Vec<OsString>,
}

/// What the user types, a line each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Request {
    Run,
    Quit,
}

/// Watches until the user ends it; whether the program had no mistakes then.
pub(super) fn watch(arguments: &Arguments) -> bool {
    if let Err(error) = std::fs::File::open(&arguments.file) {
        let diagnostic = cannot_read(&arguments.file.display().to_string(), &error);
        report(&[diagnostic], &Default::default(), &arguments.settings);
        return false;
    }
    let requests = requests();
    let mut watch = Watch {
        arguments,
        loader: FileLoader::new(),
        watched: Watched::default(),
        shown: String::new(),
        is_good: false,
        lacks_file: false,
        checked_at: Instant::now(),
        child: None,
    };
    let asked_to_end = asked_to_end();
    watch.check(true);
    loop {
        if asked_to_end.load(Ordering::Relaxed) {
            watch.finish();
            std::process::exit(INTERRUPTED);
        }
        match requests.recv_timeout(EVERY) {
            Ok(Request::Run) => watch.start(),
            Ok(Request::Quit) => break,
            Err(RecvTimeoutError::Timeout) => watch.look(),
            // Without anyone to ask, it ends when it is ended.
            Err(RecvTimeoutError::Disconnected) => {
                std::thread::sleep(EVERY);
                watch.look();
            }
        }
    }
    watch.stop();
    watch.is_good
}

struct Watch<'a> {
    arguments: &'a Arguments,
    loader: FileLoader,
    watched: Watched,
    /// The messages that were shown last.
    shown: String,
    is_good: bool,
    /// Whether a file is missing that the program needs.
    lacks_file: bool,
    checked_at: Instant,
    /// The run that goes on.
    child: Option<(Child, Instant)>,
}

impl Watch<'_> {
    /// Looks at the run and at the files.
    fn look(&mut self) {
        if let Some((child, started)) = &mut self.child
            && let Ok(Some(status)) = child.try_wait()
        {
            let how = if status.success() { "ran in" } else { "the run failed after" };
            say(&format!("{how} {}\n", duration(started.elapsed())));
            self.child = None;
            self.hint();
        }
        if self.watched.have_changed() {
            self.settle();
            self.check(true);
        } else if self.lacks_file && self.checked_at.elapsed() > MISSING_EVERY {
            self.check(false);
        }
    }

    /// Waits until files are left alone, and those that are gone may have come back.
    fn settle(&mut self) {
        let begun = Instant::now();
        loop {
            std::thread::sleep(SETTLED);
            let changed = self.watched.have_changed();
            if !changed && (!self.watched.has_lost_one() || begun.elapsed() > GONE) {
                return;
            }
        }
    }

    /// Checks the program and shows what was found; unless asked to, only if that is something else than before.
    fn check(&mut self, show: bool) {
        let Arguments { file, set, run, fast_math, settings, .. } = self.arguments;
        let options = Options { fast_math: *fast_math, ..settings.options() };
        let begun = Instant::now();
        let checked = check_file_with(file, &set.overrides, &mut self.loader, options);
        let time = begun.elapsed();
        self.checked_at = Instant::now();
        self.watched = Watched::new(files(file, &checked).into_iter().chain(self.loader.paths()));
        self.lacks_file = checked.diagnostics.iter().any(|diagnostic| LACKING.contains(&diagnostic.code));
        self.is_good = !checked.has_errors();
        let found = format!("{:?}", checked.diagnostics);
        if show || found != self.shown {
            self.show(&checked, time);
            self.shown = found;
            if *run && self.is_good {
                self.start();
            }
        }
    }

    fn show(&self, checked: &Checked, time: Duration) {
        // What a run has shown is not cleared away, but the line of its progress.
        match (std::io::stdout().is_terminal(), &self.child) {
            (true, None) => say("\x1b[2J\x1b[3J\x1b[H"),
            (true, Some(_)) => say("\r\x1b[2K"),
            (false, _) => {}
        }
        report(&checked.diagnostics, &checked.sources, &self.arguments.settings);
        let errors = checked.diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
        let found = if errors == 0 { "no mistakes".to_string() } else { counted(errors as u64, "error") };
        say(&format!("{}: {found}, checked in {}\n", self.arguments.file.display(), duration(time)));
        self.hint();
    }

    fn hint(&self) {
        if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
            explain("Enter runs it, q and Enter ends this\n");
        }
    }

    /// Starts a run, in place of one that goes on.
    fn start(&mut self) {
        self.stop();
        let Ok(program) = std::env::current_exe() else { return };
        let mut command = std::process::Command::new(program);
        command.args(run_arguments(std::env::args_os())).stdin(Stdio::null());
        match command.spawn() {
            Ok(child) => self.child = Some((child, Instant::now())),
            Err(error) => explain(&format!("the run could not be started: {error}\n")),
        }
    }

    /// Lets a run that goes on finish its step and keep its state; it is ended if that takes long. Ctrl-C on a terminal has
    /// told the run already, and to be told twice would end it at once.
    fn finish(&mut self) {
        let Some((child, _)) = &mut self.child else { return };
        if !std::io::stdin().is_terminal()
            && let Some(run) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw)
        {
            let _ = rustix::process::kill_process(run, rustix::process::Signal::TERM);
        }
        let asked = Instant::now();
        while matches!(child.try_wait(), Ok(None)) && asked.elapsed() < ENDING {
            std::thread::sleep(SETTLED);
        }
        self.stop();
    }

    /// Ends a run that goes on.
    fn stop(&mut self) {
        if let Some((mut child, _)) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Whether a signal has asked to end. Where signals cannot be caught, they end the process.
fn asked_to_end() -> Arc<AtomicBool> {
    let asked = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        let _ = register(signal, asked.clone());
    }
    asked
}

/// The arguments of `ndc run`, from those of `ndc watch`: the same but `--run` and the `--` before options of the run.
fn run_arguments(own: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments = vec![OsString::from("run")];
    let mut is_own = true;
    for argument in own.skip(2) {
        match argument.to_str() {
            Some("--") if is_own => is_own = false,
            Some("--run") if is_own => {}
            _ => arguments.push(argument),
        }
    }
    arguments
}

/// Messages about files that may come to be.
const LACKING: &[&str] = &["E0131", "E0501", "E0801", "E0805"];

/// The files that a program is made of, its data included.
fn files(file: &Path, checked: &Checked) -> Vec<PathBuf> {
    let read = checked.sources.iter().filter_map(|(_, source)| source.path.clone());
    std::iter::once(file.to_path_buf()).chain(read).collect()
}

/// What the user types. At the end of what a terminal gives, it is to quit; in a pipe, nothing more comes.
fn requests() -> Receiver<Request> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let stdin = std::io::stdin();
        for line in stdin.lock().lines().map_while(Result::ok) {
            let request = match line.trim() {
                "" | "r" => Request::Run,
                "q" => Request::Quit,
                _ => continue,
            };
            if sender.send(request).is_err() {
                return;
            }
        }
        if stdin.is_terminal() {
            let _ = sender.send(Request::Quit);
        }
    });
    receiver
}
