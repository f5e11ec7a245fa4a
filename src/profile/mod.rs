//! Where the time goes: programs run for a moment, each kernel timed, with its arithmetic, its memory and its lines.
//!
//! What is timed is what a run computes: a step of training, the value of an expression, a function at arguments. It is
//! measured twice, as it is and with a clock between its kernels ([`crate::codegen::compile_timed`]): the first says how long
//! it takes, the second where. Nothing here prints.

pub mod flames;
mod kernels;
mod measure;
pub mod places;
pub mod table;

use crate::check::program::{Action, Program, Train};
use crate::diagnostics::Diagnostic;
use crate::lower::training::{Report, lower_step};
use crate::lower::value::lower_values;
use crate::schedule::Kind;
use crate::session::{Session, Silent, native, seen_by_the_user};
use crate::source::{SourceMap, Span};
use crate::subject::Subject;
use crate::train::Rows;
use measure::{Feed, Given};
use std::time::Duration;

/// The most letters of a title.
const TITLE: usize = 60;

/// A computation and the times of its kernels.
#[derive(Clone, Debug)]
pub struct Profile {
    /// What was run.
    pub title: String,
    /// Where it stands in the text.
    pub span: Option<Span>,
    /// What one run is called: a step, a run.
    pub unit: &'static str,
    /// The seconds that one run takes, nothing being timed within.
    pub seconds: f64,
    /// How many runs there were. Times are the least of rounds of about a millisecond.
    pub runs: u64,
    /// The size of its workspace.
    pub workspace_bytes: usize,
    /// Its kernels in the order of their execution, then those of the bodies of its loops.
    pub kernels: Vec<KernelTime>,
}

/// A kernel of a run.
#[derive(Clone, Debug)]
pub struct KernelTime {
    /// Of a kernel in a loop's body: the loop, among [`Profile::kernels`].
    pub within: Option<usize>,
    /// For colours.
    pub kind: Kind,
    /// What it does.
    pub text: String,
    /// The places in the text of what it computes, each once, in order.
    pub places: Vec<Span>,
    /// The seconds of one run that it takes itself, without the kernels within.
    pub seconds: f64,
    /// The same with the kernels within.
    pub total: f64,
    /// How often it runs in one run of the program.
    pub calls: f64,
    /// The floating-point operations of one run of the program.
    pub operations: f64,
    /// The bytes that it reads and writes in one run of the program.
    pub bytes: f64,
}

impl Profile {
    /// The kernels of a loop, or, of `None`, those that are in none, by their times.
    pub fn within(&self, kernel: Option<usize>) -> Vec<usize> {
        if kernel.is_some_and(|kernel| self.kernels[kernel].kind != Kind::Loop) {
            return Vec::new();
        }
        let mut kernels: Vec<usize> =
            (0..self.kernels.len()).filter(|each| self.kernels[*each].within == kernel).collect();
        kernels.sort_by(|a, b| self.kernels[*b].total.total_cmp(&self.kernels[*a].total));
        kernels
    }

    /// The seconds of all kernels.
    pub fn kernel_seconds(&self) -> f64 {
        self.kernels.iter().map(|kernel| kernel.seconds).sum()
    }
}

/// What of a file is run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Chosen {
    /// Steps of its trainings; of a file without any, all that it computes.
    Trainings,
    /// All that it computes.
    All,
}

/// Runs what a file computes, each for so long. Parameters keep their initial values.
///
/// # Errors
/// Run-time errors of the program, with their places.
pub fn file(
    program: &Program,
    sources: &SourceMap,
    chosen: Chosen,
    time: Duration,
) -> Result<Vec<Profile>, Box<Diagnostic>> {
    let trains = program.actions.iter().any(|action| matches!(action, Action::Train(_)));
    let mut session = Session::new(program)?;
    let mut profiles = Vec::new();
    for action in &program.actions {
        let wanted = chosen == Chosen::All || !trains;
        let profile = match action {
            Action::Train(train) => Some(training(&mut session, train, time)),
            action if wanted => values(&mut session, sources, action, time),
            _ => None,
        };
        if let Some(profile) = profile {
            profiles.push(profile.map_err(|error| Box::new(seen_by_the_user(*error, action)))?);
        }
        if matches!(action, Action::Let { .. }) {
            session.action(action, &mut Silent)?;
        }
    }
    Ok(profiles)
}

/// Runs a function, model or loss at its arguments.
///
/// # Errors
/// Run-time errors of the function, with their places.
pub fn subject(subject: &Subject, title: &str, time: Duration) -> Result<Profile, Box<Diagnostic>> {
    let given: Vec<Given> = subject.inputs.iter().map(|input| Given::Value(input.value.clone())).collect();
    let measured = measure::measure(&subject.graph, given, None, time)?;
    Ok(measured.profile(title.to_string(), None, "run"))
}

fn training(session: &mut Session, train: &Train, time: Duration) -> Result<Profile, Box<Diagnostic>> {
    let program = session.program;
    let examples = train.data.map_or(1, |data| program.data[data.0 as usize].rows);
    let rows = Rows::new(examples, train.batch, train.shuffle, train.seed);
    let lowered = lower_step(program, train, rows.batch(), rows.is_whole(), Report::Quiet);
    let tables = session.step_inputs(train, &lowered.sources)?;
    let given = lowered.sources.iter().zip(tables).map(|(source, table)| Given::of(*source, table)).collect();
    let measured = measure::measure(&lowered.graph, given, Some(Feed::new(rows)), time)?;
    let title = train.name.as_ref().map_or("train".to_string(), |name| format!("train {name}"));
    Ok(measured.profile(title, Some(train.span), "step"))
}

/// The values of an action, where it computes any.
fn values(
    session: &mut Session,
    sources: &SourceMap,
    action: &Action,
    time: Duration,
) -> Option<Result<Profile, Box<Diagnostic>>> {
    let values = match action {
        Action::Save(_) => return None,
        action => action.values(),
    };
    let (first, last) = (values.first()?.span, values.last()?.span);
    let span = first.to(last);
    let lowered = lower_values(session.program, &values);
    let measured = session.inputs(&lowered.sources).and_then(|tables| {
        let given = tables.into_iter().map(Given::Value).collect();
        measure::measure(&lowered.graph, given, None, time)
    });
    let title = title(&format!("{} {}", action.word(), sources.text(span)));
    Some(measured.map(|measured| measured.profile(title, Some(span), "run")))
}

/// A text on one line, cut where it is long.
pub fn title(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.chars().count() > TITLE {
        true => line.chars().take(TITLE - 1).chain(['…']).collect(),
        false => line,
    }
}

/// A run-time error as a message.
fn run_error(error: crate::codegen::RunError) -> Box<Diagnostic> {
    Box::new(native::run_error(error))
}
