//! Syntax tree to checked program: names, types, symbolic shapes. All source errors end here.
//!
//! A function is checked at each use, for the types it is used at (`calls`); one whose signature is written out is
//! also checked once for itself, with its sizes as variables. Nothing here builds graphs or reads files; tables come
//! through [`table::TableLoader`].

mod action_values;
mod actions;
mod alone;
mod annotations;
mod arithmetic;
mod batch;
pub mod builtins;
mod calls;
mod captures;
pub mod cells;
mod columns;
mod comprehension;
mod comprehension_bounds;
mod comprehension_ranges;
mod comprehension_rank;
mod convert;
mod cost;
mod data;
pub mod data_set;
mod defaults;
pub mod domain;
mod draws;
mod entries;
pub mod exact;
mod expressions;
pub mod form;
mod function_values;
mod functions;
mod gradient_directions;
mod gradients;
mod implicit;
pub mod indexed;
mod items;
pub mod linear_algebra;
mod lookup;
mod loops;
mod models;
pub mod module;
pub mod outline;
mod params;
pub mod plots;
pub mod print;
pub mod program;
mod pullbacks;
pub mod raw;
mod records;
pub mod repeat;
mod replacement;
mod rules;
mod saving;
pub mod scope;
mod second_order;
pub mod size;
mod source_columns;
mod sources;
mod split;
pub mod subject;
mod subscripts;
pub mod table;
mod train;
pub mod types;
pub mod update;

pub use entries::check_labels;
pub use gradients::StructureFinder;
pub use items::{Options, check, check_question};
pub use params::fans;
pub use source_columns::read_from;

use crate::diagnostics::Diagnostic;
use crate::source::{SourceMap, Span};
use crate::syntax::ast;
use program::{Closure, InstanceId, Program, Typed};
use scope::Frame;
use std::collections::{HashMap, HashSet};
use table::TableLoader;
use types::{ClosureId, Type};

/// The module of the standard library whose functions `optimizer` knows by name.
pub const RULES_MODULE: &str = "optim";
/// The module of the standard library whose functions `schedule` knows by name.
pub const SCHEDULES_MODULE: &str = "schedules";

/// How many functions inside functions a name in a message shows.
const LONGEST_NAME: u32 = 6;

/// A function that calls can name.
#[derive(Clone, Copy)]
struct FunctionItem<'a> {
    function: &'a ast::Function,
    /// The position of its item in the file; `let` values above it are visible in it.
    position: usize,
}

/// A lambda or a function in a block.
#[derive(Clone, Copy)]
struct LocalFunction<'a> {
    name: Option<&'a ast::Name>,
    parameters: &'a [ast::Parameter],
    result: Option<&'a ast::TypeExpr>,
    body: &'a ast::Expr,
    position: usize,
}

/// What a name at file level stands for.
#[derive(Clone, Copy)]
enum Global<'a> {
    Function(u32),
    Param,
    Const(&'a ast::Expr),
    Type(&'a [ast::Name], &'a ast::TypeExpr),
    Data,
    /// A built-in function, reached through a module of the library.
    Builtin(&'static str),
    /// A module, by its place in the checker's list.
    Module(u32),
    /// A name that two imported files define.
    Ambiguous(Span, Span),
    /// A layer, by its place in the checker's list.
    Layer(u32),
    /// A model, by its place in the checker's list.
    Model(u32),
}

/// A call that is being checked.
struct CallFrame {
    span: Span,
    function: String,
}

/// The state of checking one file.
///
/// `'a` is the syntax tree; the source map and the loader are borrowed for as long as the checker lives.
struct Checker<'a, 'b> {
    items: Vec<&'a ast::Item>,
    trees: &'a [module::Module],
    /// All modules, those that others import first; the last is the file that is run.
    modules: Vec<module::ModuleNames<'a>>,
    /// The module whose names are in scope.
    module: usize,
    sources: &'b mut SourceMap,
    loader: &'b mut dyn TableLoader,
    structure_finder: Option<StructureFinder>,
    /// Whether a function is being checked for itself: its sizes are variables, its function arguments unknown.
    alone: bool,
    diagnostics: Vec<Diagnostic>,
    reported: HashSet<(&'static str, Option<Span>)>,
    program: Program,
    globals: HashMap<&'a str, (Global<'a>, Span)>,
    functions: Vec<FunctionItem<'a>>,
    /// The functions with a derivative of their own.
    replacements: HashMap<u32, replacement::Replacement>,
    /// `let` values bound so far, with the position of their items.
    lets: Vec<(String, program::GlobalId, Type, usize)>,
    /// `let` names of the whole file, for messages about use before binding.
    later_lets: Vec<(&'a str, Span)>,
    params: HashMap<&'a str, program::ParamId>,
    data: HashMap<&'a str, Option<program::DataId>>,
    splits: split::Splits,
    /// The labels of source columns that are read as categories, with the position of each row's.
    known_categories: Vec<(std::sync::Arc<table::RawTable>, u32, std::sync::Arc<cells::Categories>, raw::RawValues)>,
    /// How many uses of `standardize` there are.
    statistics: u32,
    /// The positions of the items that make the parts of sets, by their names.
    set_positions: HashMap<&'a str, usize>,
    /// The values of constants, by the place of their expressions.
    constants: HashMap<Span, Typed>,
    models: models::Models<'a>,
    running_means: batch::RunningMeans,
    closures: HashMap<Closure, ClosureId>,
    local_functions: HashMap<Span, LocalFunction<'a>>,
    instances: HashMap<(ClosureId, Vec<Type>), (InstanceId, Type)>,
    in_progress: Vec<(ClosureId, Vec<Type>)>,
    calls: Vec<CallFrame>,
    /// The uses of type names that are being worked out.
    types_in_progress: Vec<Span>,
    /// The constants and default values that are being worked out, by their places.
    values_in_progress: Vec<Span>,
    /// The call whose default values are being worked out: draws in them are those of the call.
    default_of: Option<Span>,
    /// How many operations a call of each instance unfolds into, where known.
    costs: HashMap<InstanceId, u64>,
    /// The most axes of a tensor in each instance, where known.
    ranks: HashMap<InstanceId, usize>,
    /// How many compositions `f >> g` were applied so far.
    compositions: u32,
    /// How often bodies of loops were checked so far.
    loop_rounds: u32,
    /// How many expressions were checked only to find the range of an index.
    range_searches: u32,
    /// Tables whose columns are all taken as they are, for messages about columns that are no numbers.
    whole_tables: HashMap<program::DataId, std::sync::Arc<table::RawTable>>,
    /// The bodies of `assert fails`, with the positions of their items, in order.
    expected_failures: Vec<(&'a [ast::Item], usize)>,
    /// The body being checked.
    frame: Frame,
    /// The position of the item being checked; `let` values above it are visible.
    position: usize,
    /// Whether draws and reads of parameters are allowed in the expression at hand.
    context: Context,
}

/// Where an expression stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Context {
    /// An action, a test or a function.
    Run,
    /// An initial value, a constant or a data column: trainable values are not known yet.
    Before,
}

impl<'a> Checker<'a, '_> {
    /// Records a message, once for each code and place, with the calls that led there.
    fn report(&mut self, mut diagnostic: Diagnostic) {
        let place = diagnostic.primary.as_ref().map(|label| label.span);
        if !self.reported.insert((diagnostic.code, place)) {
            return;
        }
        for call in self.calls.iter().rev().take(2) {
            if Some(call.span) != place && diagnostic.labels.iter().all(|label| label.span != call.span) {
                diagnostic.labels.push(crate::diagnostics::Label {
                    span: call.span,
                    text: format!("in this call of `{}`", call.function),
                });
            }
        }
        self.diagnostics.push(diagnostic);
    }

    /// Records a message and stands in for the expression.
    fn fail(&mut self, diagnostic: Diagnostic, span: Span) -> Typed {
        self.report(diagnostic);
        Typed::error(span)
    }

    /// The id of a function value.
    fn closure(&mut self, closure: Closure) -> ClosureId {
        if let Some(id) = self.closures.get(&closure) {
            return *id;
        }
        let id = ClosureId(self.program.closures.len() as u32);
        self.program.closures.push(closure.clone());
        self.closures.insert(closure, id);
        id
    }

    /// Whether an error was reported.
    fn has_failed(&self) -> bool {
        self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// The name of a function value in messages.
    fn closure_name(&self, id: ClosureId) -> String {
        self.name_within(id, LONGEST_NAME)
    }

    /// The name, with parts below a depth left out: a composition can hold the same function very often.
    fn name_within(&self, id: ClosureId, depth: u32) -> String {
        let Some(depth) = depth.checked_sub(1) else { return "…".to_string() };
        match &self.program.closures[id.0 as usize] {
            Closure::Item(index) => self.functions[*index as usize].function.name.text.clone(),
            Closure::Builtin(name) => (*name).to_string(),
            Closure::Lambda { place, .. } => {
                let name = self.local_functions.get(place).and_then(|function| function.name);
                name.map_or_else(|| "this lambda".to_string(), |name| name.text.clone())
            }
            Closure::Derivative { function, form, .. } => {
                format!("{}({})", form.name(), self.name_within(*function, depth))
            }
            Closure::Compose(first, second) => {
                format!("{} >> {}", self.name_within(*first, depth), self.name_within(*second, depth))
            }
            Closure::Model(id) => self.models.path(*id).to_string(),
            Closure::Abstract { .. } => "the function argument".to_string(),
        }
    }

    /// The source text of an expression.
    fn text(&self, span: Span) -> String {
        self.sources.text(span).to_string()
    }
}
