//! The items of a file: which names there are, and the order in which they are checked.

use super::batch::RunningMeans;
use super::gradients::StructureFinder;
use super::models::{KnownSizes, Models};
use super::module::{Module, ModuleNames};
use super::program::{self, Program, Test};
use super::scope::Frame;
use super::split::{Splits, pattern_names};
use super::subject::{Question, Subject};
use super::table::TableLoader;
use super::{Checker, Context, FunctionItem, Global};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::{actions, names};
use crate::ir::ElementType;
use crate::source::{SourceMap, Span};
use crate::syntax::ast::{self, Item, ItemKind, Pattern};
use std::collections::{HashMap, HashSet};

/// What the command line decides.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// The precision of reals, over what the file says.
    pub precision: Option<ElementType>,
    /// The seed of initialisers and of orders that state none.
    pub seed: u64,
    /// What finds the entries of sparse matrices; the driver brings it.
    pub structure_finder: Option<StructureFinder>,
    /// The bytes that the states stored for the derivative of one loop may take; the default where none are stated.
    pub loop_memory: Option<usize>,
    /// Whether finished graphs may be simplified by rules that round differently.
    pub fast_math: bool,
    /// Whether learning rates are not those of the file but given to each step.
    pub find_learning_rate: bool,
}

impl Options {
    /// What of them decides the program, as a text: equal texts, equal programs.
    pub fn identity(&self) -> String {
        // All fields are named, so that no new one is forgotten. Which finder there is, the build decides.
        let Options { precision, seed, structure_finder: _, loop_memory, fast_math, find_learning_rate } = self;
        format!("{precision:?} {seed} {loop_memory:?} {fast_math} {find_learning_rate}")
    }
}

/// Checks a program. Its modules come in an order in which each stands after those it imports: the prelude first, the
/// file that is run last.
///
/// Returns the program and all messages; the program is usable when none of them is an error.
pub fn check(
    modules: &[Module],
    sources: &mut SourceMap,
    loader: &mut dyn TableLoader,
    options: Options,
) -> (Program, Vec<Diagnostic>) {
    let items: Vec<&Item> = modules.last().map(|module| module.file.items.iter().collect()).unwrap_or_default();
    let known = KnownSizes::new();
    let task = Task { items: &items, trees: modules, options, part: Part::Whole, known, question: None };
    let (program, diagnostics, _, _) = check_items(task, sources, loader);
    (program, diagnostics)
}

/// Like [`check`], and answers a question about the program; without an answer, a message says why.
pub fn check_question(
    modules: &[Module],
    question: Question,
    sources: &mut SourceMap,
    loader: &mut dyn TableLoader,
    options: Options,
) -> (Program, Option<Subject>, Vec<Diagnostic>) {
    let items: Vec<&Item> = modules.last().map(|module| module.file.items.iter().collect()).unwrap_or_default();
    let known = KnownSizes::new();
    let task = Task { items: &items, trees: modules, options, part: Part::Whole, known, question: Some(question) };
    let (program, diagnostics, _, subject) = check_items(task, sources, loader);
    (program, subject, diagnostics)
}

/// The most times that the items of a file are checked.
const MOST_PASSES: usize = 3;

/// Which part of the work a checker does.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// A file: every function for itself, the actions, the tests.
    Whole,
    /// The body of a test with the definitions around it.
    Body,
}

/// The program, all messages, the sizes of models that uses have fixed, and the answer to a question.
type Found = (Program, Vec<Diagnostic>, KnownSizes, Option<Subject>);

/// A set of items to check, and what is known before.
struct Task<'t, 'a> {
    items: &'t [&'a Item],
    trees: &'a [Module],
    options: Options,
    part: Part,
    /// Sizes of models that a use outside these items has fixed.
    known: KnownSizes,
    /// What is asked about the items.
    question: Option<Question<'a>>,
}

/// Checks items; once more where a model was used before its sizes were known.
///
/// Returns the sizes that uses have fixed, too.
fn check_items(task: Task, sources: &mut SourceMap, loader: &mut dyn TableLoader) -> Found {
    let Task { items, trees, options, part, mut known, question } = task;
    let mut passes = 0;
    loop {
        passes += 1;
        let mut checker = Checker::new(items, trees, sources, loader, options, known);
        checker.all_modules(items, part);
        for (position, item) in items.iter().enumerate() {
            checker.position = position;
            checker.frame = Frame::default();
            checker.action(item, position);
        }
        checker.position = items.len();
        checker.frame = Frame::default();
        let subject = question.and_then(|question| checker.subject(question));
        if passes < MOST_PASSES && checker.models.needs_another_pass() {
            known = std::mem::take(&mut checker.models.known);
            continue;
        }
        return checker.finish(items, options, part, subject);
    }
}

impl<'a, 'b> Checker<'a, 'b> {
    fn new(
        items: &[&'a Item],
        trees: &'a [Module],
        sources: &'b mut SourceMap,
        loader: &'b mut dyn TableLoader,
        options: Options,
        known: KnownSizes,
    ) -> Self {
        Checker {
            items: items.to_vec(),
            trees,
            modules: trees.iter().map(ModuleNames::new).collect(),
            module: 0,
            sources,
            loader,
            structure_finder: options.structure_finder,
            alone: false,
            diagnostics: Vec::new(),
            reported: HashSet::new(),
            program: Program {
                seed: options.seed,
                precision: options.precision,
                loop_memory: options.loop_memory,
                fast_math: options.fast_math,
                find_learning_rate: options.find_learning_rate,
                ..Program::default()
            },
            globals: HashMap::new(),
            functions: Vec::new(),
            replacements: HashMap::new(),
            lets: Vec::new(),
            later_lets: Vec::new(),
            params: HashMap::new(),
            data: HashMap::new(),
            splits: Splits::default(),
            known_categories: Vec::new(),
            statistics: 0,
            set_positions: HashMap::new(),
            constants: HashMap::new(),
            models: Models::new(known),
            running_means: RunningMeans::default(),
            closures: HashMap::new(),
            local_functions: HashMap::new(),
            instances: HashMap::new(),
            in_progress: Vec::new(),
            calls: Vec::new(),
            types_in_progress: Vec::new(),
            values_in_progress: Vec::new(),
            default_of: None,
            costs: HashMap::new(),
            ranks: HashMap::new(),
            compositions: 0,
            loop_rounds: 0,
            range_searches: 0,
            whole_tables: HashMap::new(),
            expected_failures: Vec::new(),
            frame: Frame::default(),
            position: 0,
            context: Context::Run,
        }
    }

    /// Enters the names of all modules, those that others import first, and checks their definitions.
    fn all_modules(&mut self, items: &[&'a Item], part: Part) {
        for (index, tree) in self.trees.iter().enumerate() {
            self.switch(index);
            self.imports_of_prelude();
            self.imports(tree);
            if self.at_home() {
                self.collect(items);
                self.definitions(items, part);
            } else {
                self.imported_module(tree, part);
            }
            self.close_module();
        }
    }

    /// What is left when all items have been checked.
    fn finish(mut self, items: &[&'a Item], options: Options, part: Part, subject: Option<Subject>) -> Found {
        self.report_unknown_sizes();
        self.check_expected_failures();
        if part == Part::Whole {
            self.tests(items, options);
        }
        self.unkeyed_draws();
        self.fit_split_sets();
        self.program.models = self.model_types();
        self.program.layers = self.layer_outputs();
        let Checker { program, mut diagnostics, models, .. } = self;
        diagnostics
            .sort_by_key(|diagnostic| diagnostic.primary.as_ref().map(|label| (label.span.source, label.span.start)));
        (program, diagnostics, models.known, subject)
    }
}

impl<'a> Checker<'a, '_> {
    /// The definitions of an imported file. Its actions never run; the library's functions are checked where they are
    /// used.
    fn imported_module(&mut self, tree: &'a Module, part: Part) {
        let items: Vec<&'a Item> = tree.file.items.iter().collect();
        let precision = self.program.precision;
        self.module_builtins(tree);
        self.collect(&items);
        self.program.precision = precision;
        self.unbound_lets(&items);
        let part = if tree.library { Part::Body } else { part };
        self.definitions(&items, part);
        self.later_lets.clear();
    }

    /// What the prelude defines can be used in every file, which may define the same names anew.
    fn imports_of_prelude(&mut self) {
        if self.module > 0 {
            let prelude: Vec<_> = self.modules[0].defined().collect();
            self.globals.extend(prelude);
        }
    }

    /// Enters every name of the file; reports names defined twice.
    fn collect(&mut self, items: &[&'a Item]) {
        let mut own: HashMap<&'a str, Span> = HashMap::new();
        let mut precision: Option<Span> = None;
        for (position, item) in items.iter().enumerate() {
            let (name, global) = match &item.kind {
                ItemKind::Function(function) => {
                    self.functions.push(FunctionItem { function, position });
                    self.distinct(function.parameters.iter().map(|parameter| &parameter.pattern));
                    (&function.name, Global::Function(self.functions.len() as u32 - 1))
                }
                ItemKind::Param(param) => (&param.name, Global::Param),
                ItemKind::Const { name, value } => (name, Global::Const(value)),
                ItemKind::Type { name, sizes, definition } => (name, Global::Type(sizes, definition)),
                ItemKind::Data(data) => (&data.name, Global::Data),
                ItemKind::Layer(layer) => (&layer.name, self.collect_layer(layer, position)),
                ItemKind::Model { name, value } => (name, self.collect_model(name, value)),
                ItemKind::Let(binding) => {
                    self.distinct([&binding.pattern]);
                    continue;
                }
                ItemKind::Precision(name) => {
                    self.precision(name);
                    if let Some(first) = precision.replace(name.span) {
                        self.report(actions::duplicate_setting("precision", name.span, first));
                    }
                    continue;
                }
                _ => continue,
            };
            self.define(name, global, &mut own);
        }
        self.collect_lets(items, &mut own);
        self.collect_derivatives(items);
    }

    /// Enters a name of the file, which `own` has all of.
    fn define(&mut self, name: &'a ast::Name, global: Global<'a>, own: &mut HashMap<&'a str, Span>) {
        let imported = self.globals.get(name.text.as_str()).map(|(_, span)| *span);
        if let Some(first) = imported.filter(|first| first.source == name.span.source && !own.contains_key(&*name.text))
        {
            self.report(names::duplicate(&name.text, name.span, first));
        }
        match own.insert(&name.text, name.span) {
            Some(first) => self.report(names::duplicate(&name.text, name.span, first)),
            None => {
                self.globals.insert(&name.text, (global, name.span));
            }
        }
    }

    /// Enters what `let`s bind: data sets as such, other names as those of values that come later.
    fn collect_lets(&mut self, items: &[&'a Item], own: &mut HashMap<&'a str, Span>) {
        for item in items {
            let ItemKind::Let(binding) = &item.kind else { continue };
            if !self.binds_sets(binding) {
                self.later_names(&binding.pattern);
                continue;
            }
            for name in pattern_names(&binding.pattern).into_iter().flatten() {
                self.define(name, Global::Data, own);
            }
        }
    }

    fn later_names(&mut self, pattern: &'a Pattern) {
        match pattern {
            Pattern::Name(name) => self.later_lets.push((&name.text, name.span)),
            Pattern::Ignore(_) => {}
            Pattern::Tuple(parts, _) => parts.iter().for_each(|part| self.later_names(part)),
        }
    }

    /// Reports names that patterns bind twice.
    pub(super) fn distinct(&mut self, patterns: impl IntoIterator<Item = &'a Pattern>) {
        let mut bound: HashMap<&str, Span> = HashMap::new();
        let mut rest: Vec<&Pattern> = patterns.into_iter().collect();
        rest.reverse();
        while let Some(pattern) = rest.pop() {
            match pattern {
                Pattern::Ignore(_) => {}
                Pattern::Name(name) => {
                    if let Some(first) = bound.insert(&name.text, name.span) {
                        self.report(names::duplicate(&name.text, name.span, first));
                    }
                }
                Pattern::Tuple(parts, _) => rest.extend(parts.iter().rev()),
            }
        }
    }

    fn precision(&mut self, name: &ast::Name) {
        let precision = match name.text.as_str() {
            "f32" => ElementType::F32,
            "f64" => ElementType::F64,
            _ => {
                let help = "write `precision f32` or `precision f64`";
                self.report(actions::bad_setting("precision", "is f32 or f64", name.span, help));
                return;
            }
        };
        if self.program.precision.is_none() {
            self.program.precision = Some(precision);
        }
    }

    /// Data, parameters, constants, types and functions, which are visible everywhere.
    fn definitions(&mut self, items: &[&'a Item], part: Part) {
        self.context = Context::Before;
        for item in items {
            if let ItemKind::Data(data) = &item.kind {
                self.data_set(data);
            }
        }
        self.split_sets(items);
        self.layers_alone();
        for item in items {
            match &item.kind {
                ItemKind::Param(param) => self.param(param),
                ItemKind::Model { name, .. } => {
                    if let Some((Global::Model(index), _)) = self.globals.get(name.text.as_str()).copied() {
                        self.model_item(index);
                    }
                }
                ItemKind::Const { name, .. } => {
                    let constant = self.constant(&name.text);
                    if let Some(constant) = constant {
                        self.require_value(constant);
                    }
                }
                _ => {}
            }
        }
        self.context = Context::Run;
        if part == Part::Whole {
            self.functions_alone(items);
        }
    }

    /// Each test is a program of its own: the definitions of the file, the `let` values above it, and its body.
    fn tests(&mut self, items: &[&'a Item], options: Options) {
        for (position, item) in items.iter().enumerate() {
            let ItemKind::Test { name, body } = &item.kind else { continue };
            let mut all: Vec<&'a Item> = visible_items(items, position).collect();
            all.extend(body);
            for inner in body.iter().filter(|inner| matches!(inner.kind, ItemKind::Test { .. })) {
                let help = "close the outer test first";
                self.report(actions::misplaced_item("a test", "inside a test", inner.span, help));
            }
            let precision = self.program.precision;
            let options = Options { precision, ..options };
            let known = self.models.known.clone();
            let task = Task { items: &all, trees: self.trees, options, part: Part::Body, known, question: None };
            let (program, diagnostics, found, _) = check_items(task, self.sources, self.loader);
            self.keep_sizes(found);
            let inside = |diagnostic: &Diagnostic| {
                let place = diagnostic.primary.as_ref().map(|label| label.span);
                place.is_none_or(|place| covers(item.span, place)) || diagnostic.code == "E0102"
            };
            for diagnostic in diagnostics {
                if inside(&diagnostic) || self.diagnostics.iter().all(|known| !known.is_error()) {
                    self.report(diagnostic);
                }
            }
            self.program.tests.push(Test { name: name.text.clone(), span: item.span, program });
        }
    }

    /// Checks the bodies of `assert fails`, each apart.
    fn check_expected_failures(&mut self) {
        let mut outcomes = Vec::new();
        for (body, position) in std::mem::take(&mut self.expected_failures) {
            outcomes.push(self.checked_apart(body, position));
        }
        let claims = self.program.actions.iter_mut().filter_map(|action| match action {
            program::Action::Assert(program::Assert {
                claim: program::Claim::Fails { found, program, .. }, ..
            }) => Some((found, program)),
            _ => None,
        });
        for ((found, program), (codes, checked)) in claims.zip(outcomes) {
            *found = codes;
            **program = checked;
        }
    }

    /// `assert fails "E0204" { items }`: which errors its items give before the run, and the program they are.
    fn checked_apart(&mut self, body: &'a [Item], position: usize) -> (Vec<String>, Program) {
        let all: Vec<&'a Item> = self.surroundings(position).into_iter().chain(body).collect();
        let Program { precision, seed, loop_memory, fast_math, find_learning_rate, .. } = self.program;
        let structure_finder = self.structure_finder;
        let options = Options { precision, seed, loop_memory, fast_math, find_learning_rate, structure_finder };
        let known = self.models.known.clone();
        let task = Task { items: &all, trees: self.trees, options, part: Part::Whole, known, question: None };
        let (program, diagnostics, _, _) = check_items(task, self.sources, self.loader);
        let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error());
        (errors.map(|diagnostic| diagnostic.code.to_string()).collect(), program)
    }

    fn surroundings(&self, position: usize) -> Vec<&'a Item> {
        visible_items(&self.items, position).collect()
    }
}

/// The definitions of a file, and the `let` values above a position.
fn visible_items<'a, 'b>(items: &'b [&'a Item], position: usize) -> impl Iterator<Item = &'a Item> + use<'a, 'b> {
    items.iter().enumerate().filter_map(move |(place, item)| {
        let definition = matches!(
            item.kind,
            ItemKind::Function(_)
                | ItemKind::Derivative(_)
                | ItemKind::Param(_)
                | ItemKind::Const { .. }
                | ItemKind::Type { .. }
                | ItemKind::Data(_)
                | ItemKind::Layer(_)
                | ItemKind::Model { .. }
                | ItemKind::Precision(_)
        );
        let value = matches!(item.kind, ItemKind::Let(_)) && place < position;
        (definition || value).then_some(*item)
    })
}

fn covers(outer: Span, inner: Span) -> bool {
    outer.source == inner.source && outer.start <= inner.start && inner.end <= outer.end
}
