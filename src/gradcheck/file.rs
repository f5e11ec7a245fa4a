//! The functions, models and losses of a file, one after another.

use super::locate::{Culprit, Kind};
use super::{Failure as Disagreement, Input, Outcome, Pair, Problem, Settings, Start, Unchecked, check, losses};
use crate::check::Options;
use crate::check::program::{Action, Train};
use crate::check::subject::Subject as Asked;
use crate::check::table::TableLoader;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::gradcheck::{
    Slopes, methods_disagree, not_the_slope, not_the_slope_elsewhere, nothing_to_allow, wrong_operation,
};
use crate::driver::{Checked, check_file, on_large_stack};
use crate::ir::ElementType;
use crate::lower::Source;
use crate::report::significant;
use crate::runtime::random::Key;
use crate::source::{SourceMap, Span};
use crate::subject::{self, Failure};
use crate::syntax::ast::{File, Function, ItemKind};
use std::collections::HashSet;
use std::path::Path;

/// How many points where the user does not say.
const POINTS: u64 = 3;
/// The most points.
pub const MOST_POINTS: u64 = 1000;
/// What the sizes of a signature are, in order, until the function accepts them.
const SIZES: [[i64; 6]; 4] = [[3, 2, 4, 5, 6, 7], [2, 4, 6, 8, 10, 12], [4, 4, 4, 4, 4, 4], [8, 9, 10, 11, 12, 13]];
/// Arguments without a type are tried as a number, a vector and a matrix.
const SHAPES: [&str; 3] = ["0.5", "[0.5, 0.5, 0.5]", "[[0.5, 0.5], [0.5, 0.5]]"];
/// The most arguments without a type for which all combinations are tried.
const MOST_COMBINED: usize = 4;
/// Digits of slopes in messages.
const DIGITS: usize = 6;

/// What to check.
#[derive(Clone, Debug)]
pub struct Request<'r> {
    /// One function, model or loss; everything of the file without it.
    pub of: Option<&'r str>,
    /// Its arguments.
    pub at: Option<&'r str>,
    /// Values of size variables.
    pub sizes: &'r [(String, i64)],
    /// How many points.
    pub points: Option<u64>,
    /// What points, directions and initial values are drawn by.
    pub seed: u64,
    /// The functions whose own derivatives are accepted.
    pub allow: &'r [String],
}

/// What is checked, before it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// Its name as the report shows it.
    pub name: String,
    kind: TargetKind,
    place: Option<Span>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum TargetKind {
    /// A function or model, by its place among the items.
    Function(usize),
    /// The loss of the training action at this place.
    Loss(usize),
    /// What `--of` names.
    Asked,
}

/// What came of a target.
pub enum Verdict {
    /// All methods agree.
    Passed(Outcome),
    /// They do not; with the message and the texts that it is about.
    Failed { outcome: Option<Outcome>, message: Box<Diagnostic>, sources: SourceMap },
    /// Nothing was compared, and why.
    Skipped(String),
}

/// A file whose derivatives are being checked.
pub struct Session<'a> {
    path: &'a Path,
    request: Request<'a>,
    loader: &'a mut (dyn TableLoader + Send),
    checked: Checked,
    accepted: HashSet<Span>,
}

impl<'a> Session<'a> {
    /// Reads and checks a file.
    ///
    /// # Errors
    /// What is wrong with the file or the request.
    pub fn new(
        path: &'a Path,
        request: Request<'a>,
        loader: &'a mut (dyn TableLoader + Send),
    ) -> Result<Self, Failure> {
        let checked = check_file(path, loader, options(request.seed));
        if checked.has_errors() {
            return Err(Failure { diagnostics: checked.diagnostics, sources: checked.sources });
        }
        let mut accepted = HashSet::new();
        for name in request.allow {
            match stated(&checked.file).find(|(function, _)| function.name.text == *name) {
                Some((function, _)) => accepted.insert(function.body.span),
                None => {
                    let known: Vec<&str> = stated(&checked.file).map(|(function, _)| &*function.name.text).collect();
                    let diagnostics = vec![nothing_to_allow(name, known)];
                    return Err(Failure { diagnostics, sources: checked.sources });
                }
            };
        }
        Ok(Session { path, request, loader, checked, accepted })
    }

    /// The messages of the file, which are no errors, and its texts.
    pub fn warnings(&self) -> (&[Diagnostic], &SourceMap) {
        (&self.checked.diagnostics, &self.checked.sources)
    }

    /// What there is to check, in the order of the file.
    pub fn targets(&self) -> Vec<Target> {
        if let Some(of) = self.request.of {
            return vec![Target { name: of.to_string(), kind: TargetKind::Asked, place: None }];
        }
        let trains = self.checked.program.actions.iter().enumerate();
        let mut trains = trains.filter_map(|(place, action)| match action {
            Action::Train(train) => Some((place, train)),
            _ => None,
        });
        let mut targets = Vec::new();
        for (position, item) in self.checked.file.items.iter().enumerate() {
            let (name, kind, place) = match &item.kind {
                ItemKind::Function(function) => {
                    (function.name.text.clone(), TargetKind::Function(position), function.name.span)
                }
                ItemKind::Model { name, .. } => (name.text.clone(), TargetKind::Function(position), name.span),
                ItemKind::Action(_) => match trains.next() {
                    Some((place, train)) => (loss_name(train), TargetKind::Loss(place), train.loss.span),
                    None => continue,
                },
                _ => continue,
            };
            targets.push(Target { name, kind, place: Some(place) });
        }
        targets
    }

    /// Checks a target.
    ///
    /// # Errors
    /// What is wrong with a request for one function.
    pub fn check(&mut self, target: &Target) -> Result<Verdict, Failure> {
        let (problem, sources) = match self.problem(target)? {
            Ok(found) => found,
            Err(reason) => return Ok(Verdict::Skipped(reason)),
        };
        let stream = crate::session::initialize::path_hash(&target.name);
        let settings = Settings {
            points: self.points(),
            key: Key { seed: self.request.seed, stream },
            accepted: self.accepted.clone(),
        };
        Ok(match on_large_stack(|| check(&problem, &settings)) {
            Ok(outcome) => match self.message(target, &outcome) {
                None => Verdict::Passed(outcome),
                Some(message) => Verdict::Failed { outcome: Some(outcome), message: Box::new(message), sources },
            },
            Err(Unchecked::Failed(message)) => Verdict::Failed { outcome: None, message, sources },
            Err(reason) => Verdict::Skipped(self.reason(&reason)),
        })
    }

    /// Arguments that are given are one point.
    fn points(&self) -> u64 {
        let usual = if self.request.at.is_some() { 1 } else { POINTS };
        self.request.points.unwrap_or(usual).clamp(1, MOST_POINTS)
    }

    /// The graph of a target with the texts that it came from, or why there is none.
    fn problem(&mut self, target: &Target) -> Result<Result<(Problem, SourceMap), String>, Failure> {
        match target.kind {
            TargetKind::Loss(place) => Ok(self.loss(place).map_err(|failure| first_message(&failure.diagnostics))),
            TargetKind::Function(position) => Ok(self.function(&target.name, position)),
            TargetKind::Asked => {
                let (at, sizes) = (self.request.at, self.request.sizes);
                let found = self.open(&target.name, at, sizes, &SIZES[0])?;
                match (&found.kind, at) {
                    (Asked::Loss { action, .. }, None) => Ok(Ok(self.loss(*action)?)),
                    _ => Ok(Ok(problem_of(found, at.is_some()))),
                }
            }
        }
    }

    fn open(
        &mut self,
        of: &str,
        at: Option<&str>,
        sizes: &[(String, i64)],
        choices: &[i64],
    ) -> Result<subject::Subject, Failure> {
        let request = subject::Request { of, at, sizes };
        subject::open_at_any_size(self.path, request, choices, self.loader, options(self.request.seed))
    }

    fn loss(&self, place: usize) -> Result<(Problem, SourceMap), Failure> {
        let Action::Train(train) = &self.checked.program.actions[place] else {
            return Ok((Problem::default(), SourceMap::default()));
        };
        let program = &self.checked.program;
        match on_large_stack(|| losses::loss(program, train)) {
            Ok(problem) => Ok((problem, self.checked.sources.clone())),
            Err(diagnostics) => Err(Failure { diagnostics, sources: self.checked.sources.clone() }),
        }
    }

    /// A function or model at sizes and types of arguments that it accepts.
    fn function(&mut self, name: &str, position: usize) -> Result<(Problem, SourceMap), String> {
        let mut first: Option<String> = None;
        let stated = self.request.sizes;
        for (sizes, choices) in [stated, &[]].iter().flat_map(|sizes| SIZES.iter().map(move |choices| (sizes, choices)))
        {
            match self.open(name, None, sizes, choices) {
                Ok(found) => return Ok(problem_of(found, false)),
                Err(failure) if takes_function(&failure) => return Err(because(name, &failure)),
                Err(failure) => {
                    first.get_or_insert(because(name, &failure));
                }
            }
        }
        let file = self.checked.file.clone();
        let arguments = match &file.items[position].kind {
            ItemKind::Function(function) => argument_choices(function),
            _ => Vec::new(),
        };
        for arguments in arguments {
            if let Ok(found) = self.open(name, Some(&arguments), &[], &[]) {
                return Ok(problem_of(found, false));
            }
        }
        Err(first.unwrap_or_default())
    }

    fn reason(&self, reason: &Unchecked) -> String {
        match reason {
            Unchecked::NothingVaries => "no real argument or parameter to vary".to_string(),
            Unchecked::NothingReal => "no real number in the result".to_string(),
            Unchecked::TooLarge(work) => {
                let work = crate::report::thousands(*work);
                format!("too large for this check: one evaluation computes {work} numbers or more")
            }
            Unchecked::NoPoint if self.request.at.is_some() => "value or derivative is not finite there".to_string(),
            Unchecked::NoPoint => {
                "value or derivative is not finite at any point tried; give one: --of, --at".to_string()
            }
            Unchecked::NoSmoothPoint if self.request.at.is_some() => {
                "a kink or a jump: the slopes on both sides differ there".to_string()
            }
            Unchecked::OwnRule { by_rule, by_differences } => format!(
                "a root, `pullback` or `ode.adjoint` has a rule of its own: {} by it, {} by differences",
                significant(*by_rule, 6),
                significant(*by_differences, 6)
            ),
            Unchecked::NoSmoothPoint => "a kink or a jump at every point tried; give one: --of, --at".to_string(),
            Unchecked::Failed(message) => message.message.clone(),
        }
    }

    fn message(&self, target: &Target, outcome: &Outcome) -> Option<Diagnostic> {
        let failure = outcome.failure.as_ref()?;
        let message = match &failure.culprit {
            Some(culprit) => self.of_culprit(culprit),
            None => methods_disagree(&format!("`{}`", target.name), &methods(failure), target.place),
        };
        Some(message.note(format!("found while `{}` was checked", target.name)))
    }

    fn of_culprit(&self, culprit: &Culprit) -> Diagnostic {
        let text = |value: f64| significant(value, DIGITS);
        let slopes =
            Slopes { by_differences: text(culprit.by_differences), by_derivative: text(culprit.by_derivative) };
        let at: Vec<String> = culprit.at.iter().map(|value| text(*value)).collect();
        let at = at.join(", ");
        if let (Kind::OwnDerivative, Some(body)) = (culprit.kind, culprit.span) {
            let own = stated(&self.checked.file).find(|(function, _)| function.body.span == body);
            return match own {
                Some((function, derivative)) => {
                    not_the_slope(&function.name.text, &at, &slopes, derivative.body.span, body)
                }
                None => not_the_slope_elsewhere(&at, &slopes, body),
            };
        }
        let at = if at.is_empty() { String::new() } else { format!(" at {at}") };
        wrong_operation(&culprit.operation, &at, &slopes, culprit.span)
    }
}

/// Derivatives are checked in double precision, whatever the file says.
fn options(seed: u64) -> Options {
    Options { precision: Some(ElementType::F64), seed, ..Options::default() }
}

/// The functions of a file with derivatives of their own, and those.
fn stated(file: &File) -> impl Iterator<Item = (&Function, &Function)> {
    let function = |name: &str| {
        file.items.iter().find_map(move |item| match &item.kind {
            ItemKind::Function(function) if function.name.text == name => Some(function),
            _ => None,
        })
    };
    file.items.iter().filter_map(move |item| match &item.kind {
        ItemKind::Derivative(derivative) => Some((function(&derivative.name.text)?, derivative)),
        _ => None,
    })
}

fn loss_name(train: &Train) -> String {
    train.name.as_ref().map_or("loss of train".to_string(), |name| format!("loss of {name}"))
}

/// A subject with arguments that are given, or any.
fn problem_of(subject: subject::Subject, given: bool) -> (Problem, SourceMap) {
    let input = |input: &subject::Input| {
        let value = input.value.clone();
        let start = match input.source {
            Source::Argument(_) if !given => Start::Any,
            Source::Read(_) => Start::Around(value),
            _ => Start::Fixed(value),
        };
        Input { start, varied: input.is_varied() }
    };
    let inputs = subject.inputs.iter().map(input).collect();
    (Problem { graph: subject.graph, inputs }, subject.checked.sources)
}

/// Arguments of other types than numbers, where no argument has a type.
fn argument_choices(function: &Function) -> Vec<String> {
    let count = function.parameters.len();
    let untyped =
        |parameter: &crate::syntax::ast::Parameter| parameter.annotation.is_none() && parameter.default.is_none();
    if count == 0 || count > MOST_COMBINED || !function.parameters.iter().all(untyped) {
        return Vec::new();
    }
    // Equal shapes first: they are the likeliest.
    let mut codes: Vec<usize> = (1..SHAPES.len().pow(count as u32)).collect();
    let shapes = |code: usize| (0..count).map(move |place| code / SHAPES.len().pow(place as u32) % SHAPES.len());
    codes.sort_by_key(|code| shapes(*code).any(|shape| shape != code % SHAPES.len()));
    codes.iter().map(|code| shapes(*code).map(|shape| SHAPES[shape]).collect::<Vec<_>>().join(", ")).collect()
}

/// Whether an argument was called or differentiated as if it were a function.
fn takes_function(failure: &Failure) -> bool {
    failure.diagnostics.iter().any(|diagnostic| matches!(diagnostic.code, "E0109" | "E0404"))
}

/// Why a function could not be opened.
fn because(name: &str, failure: &Failure) -> String {
    let error = failure.diagnostics.iter().find(|diagnostic| diagnostic.is_error());
    let message = error.map_or("", |error| error.message.as_str());
    let message = if takes_function(failure) { "an argument is a function" } else { message };
    format!("{message}; say more: --of {name} with --at or --size")
}

fn first_message(diagnostics: &[Diagnostic]) -> String {
    diagnostics.first().map_or(String::new(), |diagnostic| diagnostic.message.clone())
}

/// What two methods say.
fn methods(failure: &Disagreement) -> String {
    let text = |value: f64| significant(value, DIGITS);
    let reading = &failure.reading;
    let reverse = text(reading.reverse);
    match failure.pair {
        Pair::Forward => {
            format!("along one direction reverse mode gives {reverse}, forward mode {}", text(reading.forward))
        }
        Pair::Differences => {
            let (value, error) = (text(reading.differences), significant(reading.error, 1));
            format!("along one direction reverse mode gives {reverse}, differences give {value} ± {error}")
        }
        Pair::Complex => {
            let complex = reading.complex.map_or(String::new(), text);
            format!("along one direction reverse mode gives {reverse}, a complex step gives {complex}")
        }
        Pair::Native => {
            let native = reading.native.map_or(String::new(), text);
            let (value, native_value) = (text(reading.values.0), reading.values.1.map_or(String::new(), text));
            format!(
                "along one direction the evaluator gives {reverse}, native code gives {native}; their values are {value} and \
                 {native_value}"
            )
        }
    }
}
