//! The stages in order: file to text to tree to checked program, and on to graphs, kernels and native code for
//! `--emit`. The only function that lists all stages is [`emit`].

use crate::check::program::{Action, Program, Train, Typed};
use crate::check::subject::{Question, Subject};
use crate::check::table::TableLoader;
use crate::check::{self, Options};
use crate::codegen;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::subjects;
use crate::imports;
use crate::ir::Graph;
use crate::ir::print::print as print_graph;
use crate::library::{self, LIBRARY};
use crate::lower::Source;
use crate::lower::gradients::find_structure;
use crate::lower::subject::lower_loss;
use crate::lower::training::{Report, lower_evaluation, lower_step};
use crate::lower::value::lower_value;
use crate::optimize::optimize;
use crate::overrides::{self, Override};
use crate::schedule;
use crate::session::native::internal;
use crate::source::{SourceId, SourceMap, Span};
use crate::syntax::{self, ast};
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The stack for work that recurses over the syntax tree, whose depth the parser bounds.
const STACK_BYTES: usize = 256 << 20;

/// A file after checking.
pub struct Checked {
    /// All texts that messages refer to.
    pub sources: SourceMap,
    /// The file's tree.
    pub file: Arc<ast::File>,
    /// The program; meaningful when no message is an error.
    pub program: Program,
    /// All messages in order of place.
    pub diagnostics: Vec<Diagnostic>,
    /// How long the stages took.
    pub times: CheckTimes,
}

/// How long the stages up to the checked program took.
#[derive(Clone, Copy, Default, Debug)]
pub struct CheckTimes {
    /// Reading the file and its imports, and making trees of them and of the library's modules.
    pub parse: Duration,
    /// Names, types and sizes, and reading data.
    pub check: Duration,
}

impl Checked {
    /// Whether any message is an error.
    pub fn has_errors(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }
}

/// Reads, parses and checks a file.
pub fn check_file(path: &Path, loader: &mut (dyn TableLoader + Send), options: Options) -> Checked {
    check_file_with(path, &[], loader, options)
}

/// Like [`check_file`], with other values than the file states.
pub fn check_file_with(
    path: &Path,
    overrides: &[Override],
    loader: &mut (dyn TableLoader + Send),
    options: Options,
) -> Checked {
    match imports::read(path) {
        Ok(text) => check_text_with(&path.display().to_string(), Some(path), text, overrides, loader, options),
        Err(diagnostic) => Checked {
            sources: SourceMap::default(),
            file: Arc::default(),
            program: Program::default(),
            diagnostics: vec![*diagnostic],
            times: CheckTimes::default(),
        },
    }
}

/// The tree of a file with other values than it states; nothing where it cannot be read.
pub fn tree_of(path: &Path, overrides: &[Override]) -> Option<ast::File> {
    let text = imports::read(path).ok()?;
    let mut sources = library::sources();
    let id = sources.add(path.display().to_string(), Some(path.to_path_buf()), text.clone());
    on_large_stack(move || {
        let (mut file, diagnostics) = syntax::parse(id, &text);
        let is_whole = !diagnostics.iter().any(Diagnostic::is_error);
        is_whole.then(|| {
            // What is wrong with them is told when the file is checked.
            overrides::apply(&mut file, overrides, &mut sources);
            file
        })
    })
}

/// Parses and checks a text; relative paths in it start from the folder of `path`.
pub fn check_text(
    name: &str,
    path: Option<&Path>,
    text: String,
    loader: &mut (dyn TableLoader + Send),
    options: Options,
) -> Checked {
    check_text_with(name, path, text, &[], loader, options)
}

/// Like [`check_text`], with other values than the text states.
pub fn check_text_with(
    name: &str,
    path: Option<&Path>,
    text: String,
    overrides: &[Override],
    loader: &mut (dyn TableLoader + Send),
    options: Options,
) -> Checked {
    let mut sources = library::sources();
    let id = sources.add(name, path.map(Path::to_path_buf), text);
    let options = Options { structure_finder: Some(find_structure), ..options };
    on_large_stack(move || {
        let begun = Instant::now();
        let (file, followed, mut diagnostics) = followed(&mut sources, id, overrides);
        let parsed = Instant::now();
        let (program, found) = check::check(&followed.modules, &mut sources, loader, options);
        add_found(&mut diagnostics, found, id);
        let times = CheckTimes { parse: parsed - begun, check: parsed.elapsed() };
        Checked { sources, file, program, diagnostics, times }
    })
}

/// What is asked about a file.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked<'q> {
    /// An expression that names a function, or calls it.
    pub question: &'q str,
    /// See [`Question`].
    pub sizes: &'q [(String, i64)],
    /// See [`Question`].
    pub choices: &'q [i64],
    /// See [`Question`].
    pub shapes: &'q [(String, Vec<usize>)],
    /// See [`Question`].
    pub whole: bool,
}

/// Like [`check_file`], with a question about the file. Without an answer there is a message that says why.
pub fn check_question(
    path: &Path,
    asked: Asked<'_>,
    loader: &mut (dyn TableLoader + Send),
    options: Options,
) -> (Checked, Option<Subject>) {
    match imports::read(path) {
        Ok(text) => check_question_in(&path.display().to_string(), Some(path), text, (asked, &[]), loader, options),
        Err(_) => (check_file(path, loader, options), None),
    }
}

/// Like [`check_text`], with a question about the text, in which some values are replaced.
pub fn check_question_in(
    name: &str,
    path: Option<&Path>,
    text: String,
    (asked, overrides): (Asked<'_>, &[Override]),
    loader: &mut (dyn TableLoader + Send),
    options: Options,
) -> (Checked, Option<Subject>) {
    let mut sources = library::sources();
    let id = sources.add(name, path.map(Path::to_path_buf), text);
    let options = Options { structure_finder: Some(find_structure), ..options };
    on_large_stack(move || {
        let (file, followed, mut diagnostics) = followed(&mut sources, id, overrides);
        let (expression, problems) = question_expression(&mut sources, asked.question);
        diagnostics.extend(problems);
        let (program, subject, found) = match &expression {
            Some(expression) => {
                let Asked { sizes, choices, shapes, whole, .. } = asked;
                let question = Question { expression, sizes, choices, shapes, whole };
                check::check_question(&followed.modules, question, &mut sources, loader, options)
            }
            None => {
                let (program, found) = check::check(&followed.modules, &mut sources, loader, options);
                (program, None, found)
            }
        };
        add_found(&mut diagnostics, found, id);
        (Checked { sources, file, program, diagnostics, times: CheckTimes::default() }, subject)
    })
}

/// The tree of a text, the files that it needs, and what was wrong with them.
fn followed(
    sources: &mut SourceMap,
    id: SourceId,
    overrides: &[Override],
) -> (Arc<ast::File>, imports::Program, Vec<Diagnostic>) {
    let text = sources.get(id).text.clone();
    let (mut file, mut diagnostics) = syntax::parse(id, &text);
    // Where a part could not be read, what it states is not known.
    if !diagnostics.iter().any(Diagnostic::is_error) {
        diagnostics.extend(overrides::apply(&mut file, overrides, sources));
    }
    let file = Arc::new(file);
    let mut followed = imports::follow(file.clone(), id, sources);
    diagnostics.append(&mut followed.diagnostics);
    (file, followed, diagnostics)
}

/// The tree of a question, in a text of its own. The item that makes it a file stands on a line before it.
fn question_expression(sources: &mut SourceMap, question: &str) -> (Option<ast::Expr>, Vec<Diagnostic>) {
    let text = format!("print\n{question}");
    let id = sources.add("the question", None, text.clone());
    let (file, mut diagnostics) = syntax::parse(id, &text);
    if diagnostics.iter().any(Diagnostic::is_error) {
        return (None, diagnostics);
    }
    let mut items = file.items.into_iter();
    match (items.next().map(|item| item.kind), items.next()) {
        (Some(ast::ItemKind::Print(mut values)), None) if values.len() == 1 => (values.pop(), diagnostics),
        _ => {
            diagnostics.push(subjects::not_arguments(Span::new(id, "print\n".len(), text.len())));
            (None, diagnostics)
        }
    }
}

/// Adds what the checker found. After a syntax error, what it finds in the parts that were read is kept where it stands
/// alone.
fn add_found(diagnostics: &mut Vec<Diagnostic>, found: Vec<Diagnostic>, id: SourceId) {
    let failed = diagnostics.iter().any(Diagnostic::is_error);
    let keep = |diagnostic: &Diagnostic| !failed || !is_consequence(diagnostic);
    diagnostics.extend(found.into_iter().filter(keep));
    diagnostics.sort_by_key(|diagnostic| {
        diagnostic.primary.as_ref().map(|label| (label.span.source != id, label.span.source, label.span.start))
    });
}

/// Whether a message may only say again that something could not be read.
fn is_consequence(diagnostic: &Diagnostic) -> bool {
    diagnostic.code.starts_with("E01") || diagnostic.code.starts_with("E06")
}

/// Runs work on a thread with a stack large enough for the deepest tree the parser lets through.
pub fn on_large_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work);
        match thread.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(error) => panic!("no thread could be started: {error}"),
        }
    })
}

/// A text in its usual form, as `ndc fmt` writes it.
///
/// # Errors
/// The syntax errors of the text, which are in text 0, or our own fault.
pub fn format_text(text: &str) -> Result<String, Vec<Diagnostic>> {
    on_large_stack(|| syntax::format::format(SourceId(0), text))
}

/// What `--emit` shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Stage {
    /// The words of the file.
    Tokens,
    /// The syntax tree.
    Ast,
    /// The checked program, with types and sizes.
    Program,
    /// The graph of each action; of training, its loss.
    Ir,
    /// The graph with its derivatives; of training, the whole step.
    Adjoint,
    /// What was decided: modes of Jacobians, memory of loops, orders of products, what `--fast-math` changed.
    Plan,
    /// Loops, calls and the memory plan.
    Kernels,
    /// Cranelift's form of the code.
    Clif,
    /// The machine code.
    Asm,
}

/// A stage of a checked file as text.
///
/// # Errors
/// Our own faults only.
pub fn emit(checked: &Checked, stage: Stage) -> Result<String, Box<Diagnostic>> {
    match stage {
        Stage::Tokens => Ok(syntax::tokens(own_text(checked)).to_string()),
        Stage::Ast => Ok(syntax::print::print(&checked.file, own_text(checked))),
        Stage::Program => Ok(check::print::print(&checked.program)),
        _ => on_large_stack(|| emit_actions(checked, stage)),
    }
}

/// The text of the file itself, which follows the library.
fn own_text(checked: &Checked) -> &str {
    checked.sources.iter().nth(LIBRARY.len()).map_or("", |(_, file)| file.text.as_str())
}

fn emit_actions(checked: &Checked, stage: Stage) -> Result<String, Box<Diagnostic>> {
    let program = &checked.program;
    let mut out = String::new();
    for action in &program.actions {
        match action {
            Action::Train(train) => {
                let (size, whole) = batch(program, train);
                let lowered = match stage {
                    Stage::Ir => lower_evaluation(program, train, size, whole, true),
                    _ => lower_step(program, train, size, whole, Report::Full),
                };
                title(checked, "train", train.span, stage, &mut out);
                emit_graph(checked, &lowered.graph, stage, &mut out)?;
            }
            Action::Save(_) | Action::Load(_) => {}
            action => {
                for value in action.values() {
                    emit_value(checked, action.word(), value, stage, &mut out)?;
                }
            }
        }
    }
    Ok(out)
}

/// The loss of one example as a graph, before any optimisation.
pub struct LossGraph<'a> {
    /// The training.
    pub train: &'a Train,
    /// The graph.
    pub graph: Graph,
    /// Whether each input is read beside the columns: a parameter or a value.
    pub beside: Vec<bool>,
}

/// The losses of all trainings of a checked file, in order.
pub fn losses(checked: &Checked) -> Vec<LossGraph<'_>> {
    let trains = checked.program.actions.iter().filter_map(|action| match action {
        Action::Train(train) => Some(&**train),
        _ => None,
    });
    let graph = |train| {
        let lowered = lower_loss(&checked.program, train);
        let beside = lowered.sources.iter().map(|source| !matches!(source, Source::Argument(_))).collect();
        LossGraph { train, graph: lowered.graph, beside }
    };
    trains.map(graph).collect()
}

/// The compiled form of a step of training, as it is between reports.
pub struct Step<'a> {
    /// The training.
    pub train: &'a Train,
    /// Where it is written.
    pub place: String,
    /// The examples of a step.
    pub examples: usize,
    /// What a step does.
    pub schedule: schedule::Schedule,
}

impl Step<'_> {
    /// The memory that it needs beside parameters and data.
    pub fn workspace_bytes(&self) -> usize {
        self.schedule.workspace_bytes
    }

    /// The operations on reals that it does.
    pub fn flops(&self) -> u64 {
        schedule::flops(&self.schedule)
    }
}

/// The steps of all trainings of a checked file, in order.
pub fn steps<'a>(checked: &'a Checked) -> Vec<Step<'a>> {
    let program = &checked.program;
    let trains = program.actions.iter().filter_map(|action| match action {
        Action::Train(train) => Some(&**train),
        _ => None,
    });
    let step = |train: &'a Train| {
        let (size, whole) = batch(program, train);
        let graph = on_large_stack(|| optimize(&lower_step(program, train, size, whole, Report::Quiet).graph));
        let place = place(checked, train.span);
        Step { train, place, examples: size, schedule: schedule::schedule(&graph) }
    };
    trains.map(step).collect()
}

/// The examples of a step of training, and whether these are all.
fn batch(program: &Program, train: &Train) -> (usize, bool) {
    let examples = train.data.map_or(1, |data| program.data[data.0 as usize].rows);
    let size = train.batch.unwrap_or(examples).min(examples);
    (size, size == examples)
}

fn emit_value(
    checked: &Checked,
    what: &str,
    value: &Typed,
    stage: Stage,
    out: &mut String,
) -> Result<(), Box<Diagnostic>> {
    title(checked, what, value.span, stage, out);
    emit_graph(checked, &lower_value(&checked.program, value).graph, stage, out)
}

/// Says which action the following is about; remarks have places of their own.
fn title(checked: &Checked, what: &str, span: Span, stage: Stage, out: &mut String) {
    if stage == Stage::Plan {
        return;
    }
    let _ = writeln!(out, "; {what} at {}", place(checked, span));
}

/// Line and column of a place, with the name of its text where that is not the file itself.
pub fn place(checked: &Checked, span: Span) -> String {
    let text = checked.sources.get(span.source);
    let (line, column) = text.line_column(span.start as usize);
    let is_own = checked.sources.iter().nth(LIBRARY.len()).is_some_and(|(id, _)| id == span.source);
    if is_own { format!("{line}:{column}") } else { format!("{}:{line}:{column}", text.name) }
}

fn emit_graph(checked: &Checked, graph: &Graph, stage: Stage, out: &mut String) -> Result<(), Box<Diagnostic>> {
    let graph = optimize(graph);
    if stage == Stage::Plan {
        for remark in graph.remarks() {
            let place = remark.span.map_or_else(String::new, |span| format!("{}: ", place(checked, span)));
            let _ = writeln!(out, "{place}{}", remark.text);
        }
        return Ok(());
    }
    if matches!(stage, Stage::Ir | Stage::Adjoint) {
        out.push_str(&print_graph(&graph));
        return Ok(());
    }
    let scheduled = schedule::schedule(&graph);
    let text = match stage {
        Stage::Kernels => schedule::print::print(&scheduled),
        Stage::Clif => codegen::clif_text(&scheduled).map_err(internal)?,
        _ => codegen::asm_text(&scheduled).map_err(internal)?,
    };
    out.push_str(&text);
    Ok(())
}
