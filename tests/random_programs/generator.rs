//! Random well-typed programs as text. A program is a few functions and a block of bindings; its value is a tuple.

use super::harness::Random;

/// A type of the generated programs; all sizes are known.
#[derive(Clone, PartialEq, Debug)]
pub enum Ty {
    Real,
    Int,
    Bool,
    /// A tensor of reals.
    Tensor(Vec<usize>),
    /// A vector of whole numbers.
    Ints(usize),
    Tuple(Vec<Ty>),
    Record(Vec<(&'static str, Ty)>),
}

/// What programs compute with.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Kind {
    /// Operations that are exact on small numbers.
    Exact,
    /// Elementary functions too.
    Transcendental,
}

/// A function of the program.
#[derive(Clone)]
pub struct Function {
    pub name: String,
    pub parameters: Vec<Ty>,
    pub result: Ty,
    /// How many of the last parameters have default values.
    pub defaults: usize,
}

/// An index of a comprehension.
#[derive(Clone)]
pub struct Index {
    pub name: String,
    pub from: i64,
    pub to: i64,
    /// Whether the range is written down, so that subscripts do not tell it.
    pub stated: bool,
}

/// Writes one program.
pub struct Generator {
    pub random: Random,
    pub kind: Kind,
    pub scope: Vec<(String, Ty)>,
    pub indices: Vec<Index>,
    pub functions: Vec<Function>,
    /// How many more operations may be written.
    pub fuel: i64,
    /// Whether derivatives are compared with differences: they are not stopped, and nothing is drawn, since draws differ
    /// between the points that are computed together.
    pub differentiable: bool,
    /// What makes the names of this program different from those of others in the file.
    prefix: String,
    names: usize,
}

/// One program among those of a file.
pub struct Unit {
    /// Its functions.
    pub items: Vec<String>,
    /// The name of the function that computes all.
    pub name: String,
}

/// What every generated file begins with: parameters and values that native code cannot know.
pub const HEADER: &str = "\
param p0 = 1.5
param p1 = -2.0
param v2: [2] = [1.0, -3.0]
param v3: [3] = [2.0, -1.5, 0.5]
param v4: [4] = [1.0, -2.0, 3.0, 0.25]
param m23: [2, 3] = [[1.0, 0.5, -1.0], [2.0, -2.0, 3.0]]
param m33: [3, 3] = [[1.0, 2.0, 0.5], [-1.0, 0.0, 3.0], [2.0, -2.5, 1.0]]
param m34: [3, 4] = [[1.0, -1.0, 2.0, 0.5], [0.0, 3.0, -2.0, 1.0], [1.5, -0.5, 1.0, 2.0]]
fn whole(i: int) = i
fn counted(range) = range
fn apply(f, x) = f(x)
fn twice(f: fn(real) -> real, x: real) = f(f(x))
fn bound(x) = max(min(x, 16), -16)
let k0: int = 2
let k1: int = -3
let t0 = p0 > 1
let q3: int[3] = [2, 0, 1]
let q4: int[4] = [1, 3, -2, 0]
";

/// The names of [`HEADER`] with their types.
fn header() -> Vec<(String, Ty)> {
    let named = |name: &str, ty: Ty| (name.to_string(), ty);
    vec![
        named("p0", Ty::Real),
        named("p1", Ty::Real),
        named("v2", Ty::Tensor(vec![2])),
        named("v3", Ty::Tensor(vec![3])),
        named("v4", Ty::Tensor(vec![4])),
        named("m23", Ty::Tensor(vec![2, 3])),
        named("m33", Ty::Tensor(vec![3, 3])),
        named("m34", Ty::Tensor(vec![3, 4])),
        named("k0", Ty::Int),
        named("k1", Ty::Int),
        named("t0", Ty::Bool),
        named("q3", Ty::Ints(3)),
        named("q4", Ty::Ints(4)),
    ]
}

impl Generator {
    /// A generator that has written nothing yet.
    pub fn of_seed(seed: u64, kind: Kind) -> Generator {
        Generator {
            random: Random(seed.wrapping_mul(0x9e37_79b9).wrapping_add(17)),
            kind,
            scope: header(),
            indices: Vec::new(),
            functions: Vec::new(),
            fuel: 0,
            differentiable: false,
            prefix: format!("u{seed}"),
            names: 0,
        }
    }

    /// The program of a seed.
    pub fn unit(seed: u64, kind: Kind) -> Unit {
        let mut generator = Generator::of_seed(seed, kind);
        let mut items = Vec::new();
        for _ in 0..generator.random.below(4) {
            let (item, function) = generator.function();
            generator.functions.push(function);
            items.push(item);
        }
        let name = generator.fresh("main");
        let body = generator.body();
        items.push(format!("fn {name}() = {body}"));
        Unit { items, name }
    }

    /// A new name.
    pub fn fresh(&mut self, what: &str) -> String {
        self.names += 1;
        format!("{what}_{}_{}", self.prefix, self.names)
    }

    /// One of several, at random.
    pub fn choose<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        &all[self.random.below(all.len())]
    }

    /// True once in `times`.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.random.below(times) == 0
    }

    /// A random type.
    pub fn ty(&mut self, depth: usize) -> Ty {
        match self.random.below(if depth == 0 { 10 } else { 13 }) {
            0..=2 => Ty::Real,
            3 => Ty::Int,
            4 => Ty::Bool,
            5..=7 => Ty::Tensor(vec![2 + self.random.below(3)]),
            8 => Ty::Tensor(vec![2 + self.random.below(2), 2 + self.random.below(3)]),
            9 => Ty::Ints(3 + self.random.below(2)),
            10 | 11 => Ty::Tuple((0..2 + self.random.below(2)).map(|_| self.ty(depth - 1)).collect()),
            _ => Ty::Record(vec![("left", self.ty(depth - 1)), ("right", self.ty(depth - 1))]),
        }
    }

    /// A block of bindings with a tuple of values at its end.
    fn body(&mut self) -> String {
        let depth = self.scope.len();
        let mut lines = Vec::new();
        for _ in 0..1 + self.random.below(5) {
            self.fuel = 25;
            let ty = self.ty(2);
            let value = self.expression(&ty, 4);
            let name = self.fresh("a");
            match &ty {
                Ty::Tuple(types) if self.once_in(2) => {
                    let names: Vec<String> = types.iter().map(|_| self.fresh("part")).collect();
                    lines.push(format!("    let ({}) = {value};", names.join(", ")));
                    self.scope.extend(names.into_iter().zip(types.iter().cloned()));
                }
                _ => {
                    let written = if self.once_in(3) { format!(": {}", spelled(&ty)) } else { String::new() };
                    lines.push(format!("    let {name}{written} = {value};"));
                    self.scope.push((name, ty));
                }
            }
        }
        let own: Vec<String> = self.scope[depth..].iter().map(|(name, _)| name.clone()).collect();
        self.fuel = 15;
        let last = self.expression(&Ty::Real, 3);
        self.scope.truncate(depth);
        format!("{{\n{}\n    ({}, {last})\n}}", lines.join("\n"), own.join(", "))
    }

    /// A function of the file.
    pub fn function(&mut self) -> (String, Function) {
        let name = self.fresh("f");
        let outer = self.scope.len();
        let mut parameters = Vec::new();
        let mut written = Vec::new();
        let count = 1 + self.random.below(3);
        let defaults = if self.once_in(3) { 1 } else { 0 };
        for place in 0..count {
            let ty = self.ty(if place == 0 { 0 } else { 1 });
            let parameter = self.fresh("x");
            let annotation = if self.once_in(2) { format!(": {}", spelled(&ty)) } else { String::new() };
            let default = if place + defaults >= count && place > 0 {
                self.fuel = 4;
                format!(" = {}", self.expression(&ty, 2))
            } else {
                String::new()
            };
            // Without a type, a default value tells none either: the call does.
            written.push(format!("{parameter}{annotation}{default}"));
            parameters.push(ty.clone());
            self.scope.push((parameter, ty));
        }
        let defaults = if count > 1 { defaults } else { 0 };
        let result = if self.once_in(2) { Ty::Real } else { self.ty(1) };
        self.fuel = 20;
        let body = self.expression(&result, 4);
        self.scope.truncate(outer);
        let annotation = if self.once_in(3) { format!(" -> {}", spelled(&result)) } else { String::new() };
        let item = format!("fn {name}({}){annotation} = {body}", written.join(", "));
        (item, Function { name, parameters, result, defaults })
    }
}

/// A type as it is written.
pub fn spelled(ty: &Ty) -> String {
    let list = |types: &[Ty]| types.iter().map(spelled).collect::<Vec<_>>().join(", ");
    match ty {
        Ty::Real => "real".to_string(),
        Ty::Int => "int".to_string(),
        Ty::Bool => "bool".to_string(),
        Ty::Tensor(sizes) => format!("{sizes:?}"),
        Ty::Ints(size) => format!("int[{size}]"),
        Ty::Tuple(types) => format!("({})", list(types)),
        Ty::Record(fields) => {
            let fields: Vec<String> = fields.iter().map(|(name, ty)| format!("{name}: {}", spelled(ty))).collect();
            format!("({})", fields.join(", "))
        }
    }
}
