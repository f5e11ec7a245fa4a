//! The syntax tree: what was written, with the place of everything, before any meaning.
//!
//! The tree has the final shape of the language; the checker decides what is supported. Comments are a side list
//! ([`File::comments`]) attached by place, so a formatter loses nothing. Depth is bounded by the parser
//! ([`MAX_DEPTH`]), so recursion over the tree is safe.

use crate::source::Span;

/// The deepest nesting of expressions that the parser lets through.
pub const MAX_DEPTH: u32 = 500;

/// An identifier where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The letters.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// A comment, kept beside the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// The text with its `//`.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// One source file.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// The items in file order.
    pub items: Vec<Item>,
    /// The comments in file order (`//`, not `///`).
    pub comments: Vec<Comment>,
}

/// An item of a file with its documentation.
#[derive(Clone, Debug)]
pub struct Item {
    /// The lines of `///` above it, without the slashes and the one space after them.
    pub documentation: Vec<String>,
    /// What it is.
    pub kind: ItemKind,
    /// From its first word to its end.
    pub span: Span,
}

/// The kinds of items.
#[derive(Clone, Debug)]
pub enum ItemKind {
    /// `import "shared.nd" as s`, `import dist (normal, gamma)`.
    Import(Import),
    /// `precision f32`.
    Precision(Name),
    /// `const N = 64`.
    Const { name: Name, value: Expr },
    /// `type Cell[n] = (h: [n], c: [n])`.
    Type { name: Name, sizes: Vec<Name>, definition: TypeExpr },
    /// `fn f(x) = e`.
    Function(Function),
    /// `derivative f(x) = e`.
    Derivative(Function),
    /// `param w: [2] = zeros()`.
    Param(Param),
    /// `layer Dense(m) { … }`.
    Layer(Layer),
    /// `model net = e`.
    Model { name: Name, value: Expr },
    /// `data iris = csv("iris.csv") { … }`.
    Data(Data),
    /// `let p = e`.
    Let(Let),
    /// `train name { … }`, `minimize`, `fit`, `sample`.
    Action(Action),
    /// `print a, b`.
    Print(Vec<Expr>),
    /// `plot line(…)`.
    Plot(Expr),
    /// `save "file", a, b`.
    Save { path: Expr, values: Vec<Expr> },
    /// `load "file"`.
    Load { path: Expr, values: Vec<Expr> },
    /// `assert a == b within 1e-9`.
    Assert(Assert),
    /// `test "name" { … }`.
    Test { name: Text, body: Vec<Item> },
    /// What could not be read; an error has been reported for it.
    Error,
}

/// A text literal, escapes resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// The text.
    pub text: String,
    /// Where, with its quotes.
    pub span: Span,
}

/// `import`.
#[derive(Clone, Debug)]
pub struct Import {
    /// A quoted path or a library name.
    pub source: ImportSource,
    /// `as name`.
    pub alias: Option<Name>,
    /// The listed names, each with its own `as`.
    pub names: Option<Vec<(Name, Option<Name>)>>,
}

/// What is imported.
#[derive(Clone, Debug)]
pub enum ImportSource {
    /// `"shared.nd"`.
    Path(Text),
    /// `nn`.
    Library(Name),
}

/// `fn name(parameters) -> result = body`.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name.
    pub name: Name,
    /// What it takes.
    pub parameters: Vec<Parameter>,
    /// The declared result.
    pub result: Option<TypeExpr>,
    /// The body.
    pub body: Expr,
}

/// A parameter of a function, layer or lambda.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// A name, or in lambdas any pattern.
    pub pattern: Pattern,
    /// `: type`.
    pub annotation: Option<TypeExpr>,
    /// `= default`.
    pub default: Option<Expr>,
}

/// What a `let` or a lambda binds.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// A name.
    Name(Name),
    /// `_`.
    Ignore(Span),
    /// `(a, b)`.
    Tuple(Vec<Pattern>, Span),
}

impl Pattern {
    /// The names that it binds.
    pub fn names(&self) -> Vec<&Name> {
        match self {
            Pattern::Name(name) => vec![name],
            Pattern::Ignore(_) => Vec::new(),
            Pattern::Tuple(parts, _) => parts.iter().flat_map(Pattern::names).collect(),
        }
    }

    /// Where it is written.
    pub fn span(&self) -> Span {
        match self {
            Pattern::Name(name) => name.span,
            Pattern::Ignore(span) | Pattern::Tuple(_, span) => *span,
        }
    }
}

/// `param name: type in domain = initial`.
#[derive(Clone, Debug)]
pub struct Param {
    /// `frozen param`.
    pub frozen: bool,
    /// Its name.
    pub name: Name,
    /// `: type`.
    pub annotation: Option<TypeExpr>,
    /// `in (0, inf)`, `in simplex`.
    pub domain: Option<Expr>,
    /// The initial value; `()` of no width where it is left out (see [`Param::has_initial`]).
    pub initial: Expr,
}

impl Param {
    /// Whether an initial value is written: `param p: [k] in simplex` has none.
    pub fn has_initial(&self) -> bool {
        self.initial.span.start < self.initial.span.end
    }
}

/// `layer Name(parameters) { params, models, functions }`.
#[derive(Clone, Debug)]
pub struct Layer {
    /// Its name.
    pub name: Name,
    /// What its instances are configured with.
    pub parameters: Vec<Parameter>,
    /// `param`, `model` and `fn` items.
    pub members: Vec<Item>,
}

/// `data name = source { column = e, … }`.
#[derive(Clone, Debug)]
pub struct Data {
    /// Its name.
    pub name: Name,
    /// `csv("…")`; for `table { … }` the name `table`.
    pub source: Expr,
    /// The columns; `None` when there is no block.
    pub columns: Option<Vec<Setting>>,
}

/// `let pattern: type = value`.
#[derive(Clone, Debug)]
pub struct Let {
    /// What is bound.
    pub pattern: Pattern,
    /// `: type`.
    pub annotation: Option<TypeExpr>,
    /// The value.
    pub value: Expr,
}

/// Which action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionKind {
    /// `train`.
    Train,
    /// `minimize`.
    Minimize,
    /// `fit`.
    Fit,
    /// `sample`.
    Sample,
}

/// `train name { settings }` and its relatives.
#[derive(Clone, Debug)]
pub struct Action {
    /// Which.
    pub kind: ActionKind,
    /// The word itself.
    pub keyword: Span,
    /// Its optional name.
    pub name: Option<Name>,
    /// The settings in order.
    pub settings: Vec<Setting>,
}

/// `name = value` in a block; `metric accuracy = value`.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Whether `metric` stands before it.
    pub metric: bool,
    /// Its name.
    pub name: Name,
    /// Its value.
    pub value: Expr,
}

/// `assert …`.
#[derive(Clone, Debug)]
pub struct Assert {
    /// What is asserted.
    pub kind: AssertKind,
    /// From `assert` to the end.
    pub span: Span,
}

/// The forms of `assert`.
#[derive(Clone, Debug)]
pub enum AssertKind {
    /// `assert condition`; a comparison with `==` compares within the tolerance.
    Holds { condition: Expr, within: Option<Tolerance> },
    /// `assert fails "E0204" { items }`.
    Fails { code: Text, body: Vec<Item> },
}

/// `within 1e-9`, `within 4 ulp`.
#[derive(Clone, Debug)]
pub struct Tolerance {
    /// The number.
    pub value: Expr,
    /// Counted in units in the last place.
    pub ulp: bool,
}

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: Box<ExprKind>,
    /// Where.
    pub span: Span,
    /// 1 for a leaf; at most [`MAX_DEPTH`].
    pub depth: u32,
}

/// The kinds of expressions.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// `1`, `1_000`: digits without a point or exponent. `None` when it does not fit 64 bits (the checker reports it
    /// where an `int` is wanted); `value` is it as a real.
    Integer { exact: Option<i64>, value: f64 },
    /// `1.5`, `2e-3`: the nearest number of double precision, and of single precision.
    Real { value: f64, single: f32 },
    /// `true`, `false`.
    Bool(bool),
    /// `"text"`.
    Text(String),
    /// A name.
    Name(String),
    /// `-x`, `not x`.
    Unary { operator: UnaryOperator, operand: Expr },
    /// `a + b`; `operator_span` is the sign itself.
    Binary { operator: BinaryOperator, operator_span: Span, left: Expr, right: Expr },
    /// `f(x, y, lr = 1e-3)`.
    Call { callee: Expr, arguments: Vec<Argument> },
    /// `sum(e for i, j if c)`, `mean(e for batch)`: a call with one argument and clauses.
    Reduce { reducer: Expr, body: Expr, clauses: Clauses },
    /// `x[i, 1..3, :]`.
    Index { base: Expr, subscripts: Vec<Subscript> },
    /// `s.v`.
    Field { base: Expr, name: Name },
    /// `t.0`.
    Part { base: Expr, index: u32, index_span: Span },
    /// `A'`.
    Transpose(Expr),
    /// `if c { a } else { b }`.
    If { condition: Expr, then: Expr, otherwise: Expr },
    /// `{ let a = e; fn g(y) = y; result }`.
    Block { statements: Vec<Statement>, result: Expr },
    /// `|x, (a, b), _| body`.
    Lambda { parameters: Vec<Parameter>, body: Expr },
    /// `(a, b)`, `(x,)`, `()`.
    Tuple(Vec<Expr>),
    /// `(v = 1, n = 2)`.
    Record(Vec<(Name, Expr)>),
    /// `(s with v = 0.0)`, `(a with [i, j] = e)`.
    With { base: Expr, changes: Vec<Change> },
    /// `[a, b, c]`.
    List(Vec<Expr>),
    /// `[e for i, j]`.
    Comprehension { body: Expr, clauses: Clauses },
    /// `(x[i - 1] else 0)`.
    Else { value: Expr, fallback: Expr },
    /// `(e)`: kept so that a formatter writes it back and messages underline it.
    Paren(Expr),
    /// `0..n` as a call argument; either end may be missing.
    Range { start: Option<Expr>, end: Option<Expr> },
    /// What could not be read; an error has been reported.
    Error,
}

/// Prefix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOperator {
    /// `-`.
    Negate,
    /// `not`.
    Not,
}

/// Infix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOperator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `@`
    MatrixProduct,
    /// `%`
    Remainder,
    /// `^`
    Power,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `and`
    And,
    /// `or`
    Or,
    /// `>>`
    Compose,
}

/// An argument of a call.
#[derive(Clone, Debug)]
pub struct Argument {
    /// `name =`.
    pub name: Option<Name>,
    /// The value.
    pub value: Expr,
}

/// A subscript.
#[derive(Clone, Debug)]
pub enum Subscript {
    /// `x[e]`; `x[(h, c)]` is a tuple expression.
    At(Expr),
    /// `x[a..b]`, `x[1..]`, `x[:]` (both ends missing).
    Slice { start: Option<Expr>, end: Option<Expr>, span: Span },
}

/// `for i, j in 0..n, (h, c) if c`.
#[derive(Clone, Debug)]
pub struct Clauses {
    /// The indices in order.
    pub indices: Vec<IndexClause>,
    /// The filter.
    pub filter: Option<Expr>,
    /// From `for` to the end.
    pub span: Span,
}

/// One index of a comprehension.
#[derive(Clone, Debug)]
pub struct IndexClause {
    /// One name, or several that make one row-major axis.
    pub names: Vec<Name>,
    /// `in a..b` or `in xs`.
    pub range: Option<Expr>,
    /// Where.
    pub span: Span,
}

/// A statement of a block.
#[derive(Clone, Debug)]
pub enum Statement {
    /// `let p = e;`
    Let(Let, Span),
    /// `fn g(y) = e;`
    Function(Function, Span),
    /// What could not be read.
    Error(Span),
}

/// A change in `(a with …)`.
#[derive(Clone, Debug)]
pub enum Change {
    /// `v = e`.
    Field { name: Name, value: Expr },
    /// `[i, j] = e`.
    Element { subscripts: Vec<Subscript>, value: Expr, span: Span },
}

/// A type as written.
#[derive(Clone, Debug)]
pub struct TypeExpr {
    /// What it is.
    pub kind: TypeExprKind,
    /// Where.
    pub span: Span,
}

/// The kinds of types as written.
#[derive(Clone, Debug)]
pub enum TypeExprKind {
    /// `real`, `int`, `bool`, `Cell[n]`, `Cell`: a name with optional sizes in brackets.
    Named { name: Name, sizes: Vec<Expr> },
    /// `[n, 784]`: a tensor of reals.
    Tensor { sizes: Vec<Expr> },
    /// `(real, [n])`.
    Tuple(Vec<TypeExpr>),
    /// `(v: real, h: [n])`.
    Record(Vec<(Name, TypeExpr)>),
    /// `fn([n]) -> real`.
    Function { parameters: Vec<TypeExpr>, result: Box<TypeExpr> },
    /// What could not be read.
    Error,
}
