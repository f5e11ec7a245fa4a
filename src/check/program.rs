//! The checked program: every name resolved, every expression typed, conversions and repetitions made explicit.
//!
//! Functions appear as instances, one for each function value and argument types it is used at. `lower` turns typed
//! expressions into graphs without looking at the syntax tree again; all source errors end before this.

pub use super::data_set::{ColumnSource, DataColumn, DataSet};
use super::domain::Domain;
pub use super::form::{DerivativeCall, Form, Wrt};
use super::indexed::{Comprehension, IndexedReduction};
use super::linear_algebra::MatrixFunction;
pub use super::models::LayerOutput;
use super::outline::SourceFile;
use super::plots::Plot;
use super::repeat::Repeat;
pub use super::saving::{Load, Params, Save, Saved};
use super::size::Size;
pub use super::train::measures::{Examples, Metric, MetricKind, Monitor, Patience, Plateau};
pub use super::train::{Checkpoint, Prediction};
use super::types::{ClosureId, ModelId, Type};
pub use super::update::{Accumulation, Lbfgs, Optimizer, StateTensor, Update};
use crate::ir::{self, Distribution, Extreme, Pointwise, Reduction};
use crate::source::Span;
use std::collections::HashMap;

/// A typed expression.
#[derive(Clone, Debug)]
pub struct Typed {
    /// What it computes.
    pub kind: Box<Kind>,
    /// Its type.
    pub ty: Type,
    /// Where it is written.
    pub span: Span,
}

impl Typed {
    /// A typed expression.
    pub fn new(kind: Kind, ty: Type, span: Span) -> Self {
        Typed { kind: Box::new(kind), ty, span }
    }

    /// The stand-in for what could not be checked.
    pub fn error(span: Span) -> Self {
        Typed::new(Kind::Error, Type::Error, span)
    }
}

/// A variable bound inside one body.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LocalId(pub u32);

/// A trainable value of the file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct ParamId(pub u32);

/// A value bound by a `let` of the file, computed once.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct GlobalId(pub u32);

/// A data set.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct DataId(pub u32);

/// A function value used at certain argument types.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct InstanceId(pub u32);

/// What an expression computes.
#[derive(Clone, Debug)]
pub enum Kind {
    /// Nothing: an error was reported.
    Error,
    /// A number of the expression's element.
    Number(f64),
    /// An integer too large to be exact as a real, or demanded as `int`.
    Integer(i64),
    /// A truth value.
    Bool(bool),
    /// A text.
    Text(String),
    /// A size as an `int`.
    Size(Size),
    /// A variable of this body.
    Local(LocalId),
    /// A trainable value.
    Param(ParamId),
    /// A value of the file.
    Global(GlobalId),
    /// A whole column of a data set, rows leading.
    Column(DataId, u32),
    /// A column's entry for the example at hand (in losses, metrics and column expressions).
    Example(u32),
    /// In a column's expression: a value less its mean, divided by its deviation, over rows of the data. The number is
    /// its own in the program.
    Standardized(u32, Typed),
    /// What a training run is at (in `stop`).
    Progress(Progress),
    /// Whether this is the loss of a `train`.
    Training,
    /// Folded over the examples of the mini-batch.
    BatchReduce(ir::BatchReduction, Typed),
    /// The value in a `train` loss; elsewhere its running mean.
    Running { state: ParamId, value: Typed, momentum: f64 },
    /// To the element of the expression's type.
    Convert(Typed),
    /// A scalar repeated to the expression's shape.
    Splat(Typed),
    /// The same scalar function at every element; operands have the expression's shape.
    Pointwise(&'static Pointwise, Vec<Typed>),
    /// A power with a whole exponent, by multiplication.
    Power(Typed, i32),
    /// All elements folded to one.
    Reduce(Reduction, Typed),
    /// The mean of all elements.
    Mean(Typed),
    /// The position of the extreme of a vector.
    ArgReduce(Extreme, Typed),
    /// The sum of products over the last axis of the left and the first of the right.
    MatrixProduct(Typed, Typed),
    /// A matrix with its axes exchanged.
    Transpose(Typed),
    /// A function of a square matrix, and of a right-hand side where it solves.
    Matrix(MatrixFunction, Vec<Typed>),
    /// Tensors of equal shape as the rows of a new leading axis.
    Stack(Vec<Typed>),
    /// Elements and slices.
    Index(Typed, Vec<Place>),
    /// A random number for a key.
    Draw(Distribution, Typed),
    /// The key of a draw that has none, at this place of the text.
    Key(Span),
    /// Another key, made from two whole numbers.
    MixedKey(Typed, Typed),
    /// A copy of a tensor with other elements at some places.
    Replace(Typed, Vec<Place>, Typed),
    /// Elements, and where one is not there, another value of the same type.
    IndexOr(Typed, Vec<Place>, Typed),
    /// A tensor by its elements.
    Comprehension(Box<Comprehension>),
    /// Elements by indices, folded.
    IndexedReduction(Box<IndexedReduction>),
    /// 1 at the position, 0 elsewhere.
    OneHot(Typed),
    /// Values bound one after another, then the result.
    Let(Vec<(Binding, Typed)>, Typed),
    /// A choice; with a tensor condition, element by element.
    If(Typed, Typed, Typed),
    /// The whole numbers from a first one, as many as the expression's size says.
    Range(Size),
    /// A loop.
    Repeat(Box<Repeat>),
    /// Several values.
    Tuple(Vec<Typed>),
    /// One of several values.
    Part(Typed, u32),
    /// A function value with what it captured.
    Closure(Vec<Typed>),
    /// What a function value captured, by its place.
    Captured(Typed, u32),
    /// A call; the callee gives the captured values.
    Call { callee: Typed, instance: InstanceId, arguments: Vec<Typed> },
    /// A call of a derivative; the callee gives the captured values of the differentiated function.
    Derivative(Box<DerivativeCall>),
    /// A vector that was found to make a residual 0, with the derivative that it has as the residual's root.
    Root { value: Typed, variable: LocalId, residual: Typed },
    /// A vector whose derivative by another one, the inputs, is what `pulled` says: a cotangent of the inputs from the vector
    /// and a cotangent of it.
    Pullback { value: Typed, inputs: Typed, variable: LocalId, cotangent: LocalId, pulled: Typed },
    /// The real tensors that a function value captured.
    CapturedReals(Typed),
    /// The numbers of a value as one vector.
    Flatten(Typed),
    /// A value from the vector of its numbers.
    Unflatten(Typed),
}

/// What a pattern binds.
#[derive(Clone, Debug)]
pub enum Binding {
    /// One variable.
    Local(LocalId),
    /// Nothing.
    Ignore,
    /// The parts of a tuple.
    Tuple(Vec<Binding>),
}

/// A subscript.
#[derive(Clone, Debug)]
pub enum Place {
    /// One known position along an axis.
    At(usize),
    /// A position computed when running: an `int`, or an `int` tensor that chooses rows.
    Computed(Typed),
    /// An `int` computed when running, known to be inside the axis wherever its branch is taken.
    Inside(Typed),
    /// Positions in an axis that is read as several axes of these sizes.
    Split(Vec<(Typed, Size)>),
    /// `count` positions from `start`.
    Slice { start: usize, count: usize },
}

impl Place {
    /// Calls `visit` on every expression directly inside.
    pub fn for_each_part<'t>(&'t self, visit: &mut dyn FnMut(&'t Typed)) {
        match self {
            Place::At(_) | Place::Slice { .. } => {}
            Place::Computed(part) | Place::Inside(part) => visit(part),
            Place::Split(parts) => parts.iter().for_each(|(part, _)| visit(part)),
        }
    }
}

/// What a training run is at.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, serde::Serialize, serde::Deserialize)]
pub enum Progress {
    /// Steps done.
    Step,
    /// The epoch, from 1.
    Epoch,
    /// The loss of this step's batch.
    Loss,
    /// The last loss over the validation set; NaN before there is one.
    ValidationLoss,
    /// The Euclidean norm of this step's change of all parameters; in what decides the step, that of the step before, NaN
    /// in the first.
    StepNorm,
    /// The Euclidean norm of this step's gradient.
    GradNorm,
    /// The factor of `schedule = plateau(…)`.
    Plateau,
    /// How many of a step's examples the batch at hand has, as a share.
    Share,
    /// The learning rate, where one is to be found.
    LearningRate,
}

/// A function value, known when compiling. Captured values are not part of it, only their types.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Closure {
    /// A function of the file or of the prelude, by its place in the checker's list.
    Item(u32),
    /// A built-in function.
    Builtin(&'static str),
    /// A lambda or a function in a block, by its place in the text, with the names, types and sizes that it captured,
    /// and the layer use whose running means it keeps.
    Lambda { place: Span, captures: Vec<(String, Type)>, sizes: Vec<(String, Size)>, model: Option<ModelId> },
    /// `grad(f)` and the like.
    Derivative { function: ClosureId, form: Form, wrt: Option<Vec<WrtName>> },
    /// `f >> g`.
    Compose(ClosureId, ClosureId),
    /// A model of the file; its parameters are what it captures.
    Model(ModelId),
    /// A function argument of a function that is checked for itself.
    Abstract { parameters: Vec<Type>, result: Box<Type> },
}

/// A name given to `wrt`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct WrtName {
    /// The name.
    pub name: String,
    /// Where.
    pub span: Span,
}

/// A function body at certain argument types.
#[derive(Clone, Debug)]
pub struct Instance {
    /// For messages and printing.
    pub name: String,
    /// What captured values and then arguments are bound to.
    pub parameters: Vec<Binding>,
    /// The body.
    pub body: Typed,
}

/// A trainable value.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its name, which is its path.
    pub name: String,
    /// Where it is declared.
    pub span: Span,
    /// Its shape, as it is read.
    pub shape: ir::Shape,
    /// Where its values lie.
    pub domain: Domain,
    /// Whether training leaves it alone.
    pub frozen: bool,
    /// Whether it is the running mean that training keeps for a `running`.
    pub running: bool,
    /// How it starts.
    pub initial: Initial,
}

/// How a trainable value starts.
#[derive(Clone, Debug)]
pub enum Initial {
    /// From an expression without trainable values.
    Value(Typed),
    /// Drawn from a distribution.
    Random(Initializer),
}

/// A random initialiser, keyed by the seed and the parameter's path.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Initializer {
    /// Uniform between two bounds.
    Uniform(f64, f64),
    /// Normal with a mean and a standard deviation.
    Normal(f64, f64),
    /// Uniform with bound sqrt(6 / (fan in + fan out)): Glorot and Bengio 2010.
    GlorotUniform,
    /// Normal with variance 2 / (fan in + fan out): Glorot and Bengio 2010.
    GlorotNormal,
    /// Uniform with bound sqrt(6 / fan in): He et al. 2015.
    HeUniform,
    /// Normal with variance 2 / fan in: He et al. 2015.
    HeNormal,
    /// A random orthogonal matrix (rows or columns, whichever are fewer): Saxe et al. 2014.
    Orthogonal,
}

impl std::fmt::Display for Initializer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Initializer::Uniform(low, high) => write!(out, "uniform({low}, {high})"),
            Initializer::Normal(mean, deviation) => write!(out, "normal({mean}, {deviation})"),
            Initializer::GlorotUniform => out.write_str("glorot_uniform()"),
            Initializer::GlorotNormal => out.write_str("glorot_normal()"),
            Initializer::HeUniform => out.write_str("he_uniform()"),
            Initializer::HeNormal => out.write_str("he_normal()"),
            Initializer::Orthogonal => out.write_str("orthogonal()"),
        }
    }
}

/// What a file does, in order.
#[derive(Clone, Debug)]
pub enum Action {
    /// Computes values once.
    Let { binding: GlobalBinding, value: Typed },
    /// Shows values; each with its source text.
    Print(Vec<(String, Typed)>),
    /// Checks a claim.
    Assert(Assert),
    /// Draws values.
    Plot(Box<Plot>),
    /// Optimises parameters.
    Train(Box<Train>),
    /// Writes values to a file.
    Save(Save),
    /// Sets parameters from a file.
    Load(Load),
}

/// What a `let` of the file binds.
#[derive(Clone, Debug)]
pub enum GlobalBinding {
    /// One value.
    Global(GlobalId),
    /// Nothing.
    Ignore,
    /// The parts of a tuple.
    Tuple(Vec<GlobalBinding>),
}

/// A claim.
#[derive(Clone, Debug)]
pub struct Assert {
    /// The whole `assert`.
    pub span: Span,
    /// What is claimed.
    pub claim: Claim,
}

/// What is claimed.
#[derive(Clone, Debug)]
pub enum Claim {
    /// A condition that holds (all of it, if a tensor).
    Condition(Typed),
    /// Two values that agree at every leaf.
    Equal(Typed, Typed, Tolerance),
    /// The expected error, those that checking found, and the program to run if it found none.
    Fails { expected: String, found: Vec<String>, program: Box<Program> },
}

/// How closely two values must agree.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Tolerance {
    /// The language's default for the precision.
    Default,
    /// Within this much of max(1, |b|).
    Relative(f64),
    /// Within this many units in the last place.
    Ulp(u64),
}

/// A `train` block.
#[derive(Clone, Debug)]
pub struct Train {
    /// Its name, if it has one.
    pub name: Option<String>,
    /// The word `train`.
    pub span: Span,
    /// The data.
    pub data: Option<DataId>,
    /// The columns that the block reads: `Kind::Example(i)` is column `columns[i]` of the data.
    pub columns: Vec<u32>,
    /// What is validated on.
    pub validation: Option<Examples>,
    /// Whether the loss or a metric of an example depends on the other examples of its batch.
    pub sees_batch: bool,
    /// The loss of one example.
    pub loss: Typed,
    /// What is reported beside the loss.
    pub metrics: Vec<Metric>,
    /// What the trained model says of one example: what `predict` states, else the model that the loss calls.
    pub prediction: Option<Prediction>,
    /// The update rule.
    pub optimizer: Optimizer,
    /// What training remembers beside the parameters, all reals.
    pub state: Vec<StateTensor>,
    /// How many passes over the data at most.
    pub epochs: Option<u64>,
    /// How many updates at most.
    pub steps: Option<u64>,
    /// Examples per batch; `None` for all.
    pub batch: Option<usize>,
    /// Whether each epoch visits the examples in a new order.
    pub shuffle: bool,
    /// The seed of the order.
    pub seed: u64,
    /// Ends training when it becomes true.
    pub stop: Option<Typed>,
    /// Whether `stop` or another setting sees the validation loss.
    pub watches_validation: bool,
    /// Ends training when it does not get better.
    pub patience: Option<Patience>,
    /// Reduces the learning rate when it does not get better.
    pub plateau: Option<Plateau>,
    /// Where and when the state of training is written.
    pub checkpoint: Option<Checkpoint>,
    /// The parameters that change: what the loss reads, less the frozen ones.
    pub params: Vec<ParamId>,
}

impl Train {
    /// What is trained on.
    pub fn examples(&self) -> Examples {
        Examples { data: self.data, columns: self.columns.clone() }
    }
}

/// A `test` block.
#[derive(Clone, Debug)]
pub struct Test {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub span: Span,
    /// The program of its body.
    pub program: Program,
}

/// A checked program.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// The precision of reals.
    pub precision: Option<ir::ElementType>,
    /// The seed of initialisers.
    pub seed: u64,
    /// The bytes that the states stored for the derivative of one loop may take.
    pub loop_memory: Option<usize>,
    /// Whether finished graphs may be simplified by rules that round differently.
    pub fast_math: bool,
    /// Whether learning rates are not those of the file but given to each step.
    pub find_learning_rate: bool,
    /// Trainable values.
    pub params: Vec<Param>,
    /// The files that data sets are read from.
    pub files: Vec<SourceFile>,
    /// Data sets.
    pub data: Vec<DataSet>,
    /// Function values.
    pub closures: Vec<Closure>,
    /// The types of the models.
    pub models: Vec<Type>,
    /// The layers of the models, with what they give.
    pub layers: Vec<LayerOutput>,
    /// Functions at argument types.
    pub instances: Vec<Instance>,
    /// The types of the file's `let` values with their names.
    pub globals: Vec<(String, Type)>,
    /// What to do.
    pub actions: Vec<Action>,
    /// Tests.
    pub tests: Vec<Test>,
    /// The names that `let`s inside bodies give, by the places of the values.
    pub local_names: HashMap<Span, String>,
}

impl Program {
    /// The types of what a function value has captured, in order.
    pub fn captured_types(&self, id: ClosureId) -> Vec<Type> {
        match &self.closures[id.0 as usize] {
            Closure::Lambda { captures, .. } => captures.iter().map(|(_, ty)| ty.clone()).collect(),
            Closure::Derivative { function, .. } => vec![Type::Function(*function)],
            Closure::Compose(first, second) => vec![Type::Function(*first), Type::Function(*second)],
            Closure::Model(id) => self.models.get(id.0 as usize).cloned().into_iter().collect(),
            Closure::Item(_) | Closure::Builtin(_) | Closure::Abstract { .. } => Vec::new(),
        }
    }

    /// The element type of reals.
    pub fn real(&self) -> ir::ElementType {
        self.precision.unwrap_or(ir::ElementType::F64)
    }
}
