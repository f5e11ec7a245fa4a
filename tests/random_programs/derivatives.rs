//! Random differentiable functions: reverse mode, forward mode, central differences and the evaluator's adjoint agree,
//! and so do second derivatives by forward over reverse mode, by reverse over reverse mode and by differences.

use super::compare::compute;
use super::generator::{Generator, HEADER, Kind, Ty, spelled};
use ndc::ir::Table;
use ndc::ops::structural::table;

/// A function of one argument with a real result, and where it is differentiated.
pub struct Target {
    pub items: Vec<String>,
    pub name: String,
    argument: Ty,
    pub at: String,
    /// The direction of first derivatives, and of the second ones the other direction.
    directions: [String; 2],
}

/// What was compared.
#[derive(Default, Debug)]
pub struct Tally {
    /// Functions whose derivatives agree by all methods.
    pub compared: u64,
    /// Those whose derivative is not zero.
    pub moving: u64,
    /// Those at a kink, where differences mean nothing and the others agree, or infinite.
    pub kinks: u64,
    /// Those that end in a run-time error.
    pub errors: u64,
}

impl Tally {
    pub fn add(&mut self, other: &Tally) {
        self.compared += other.compared;
        self.moving += other.moving;
        self.kinks += other.kinks;
        self.errors += other.errors;
    }
}

/// The order of the derivatives that are compared.
#[derive(Clone, Copy, PartialEq)]
pub enum Order {
    First,
    Second,
}

/// Values of the types that programs compute with, made from a number.
const DEPENDENT: &str = "let r1 = sin(r0) + 0.5; let u2 = [r0, r1]; let u3 = [r1, r0, 0.5 * r0]; \
    let u4 = [r0, r1, -r0, 1.5]; let w23 = [u3, r1 * u3]; let w33 = [u3, [r1, 1.0, r0], [0.25, r1, r0]]; \
    let w34 = [u4, r1 * u4, [1.0, r0, r1, -r0]];";

const STEP: f64 = 1.0 / 4096.0;

impl Target {
    pub fn of_seed(seed: u64) -> Target {
        let mut generator = Generator::of_seed(seed ^ 0x5eed_0000, Kind::Transcendental);
        generator.differentiable = true;
        let mut items = Vec::new();
        for _ in 0..generator.random.below(3) {
            let (item, function) = generator.function();
            generator.functions.push(function);
            items.push(item);
        }
        let argument = match generator.random.below(6) {
            0 => Ty::Real,
            1 | 2 => Ty::Tensor(vec![2 + generator.random.below(3)]),
            3 => Ty::Tensor(vec![2, 2 + generator.random.below(2)]),
            4 => Ty::Record(vec![("left", Ty::Real), ("right", Ty::Tensor(vec![3]))]),
            _ => Ty::Tuple(vec![Ty::Tensor(vec![2]), Ty::Real]),
        };
        let (name, parameter) = (generator.fresh("h"), generator.fresh("x"));
        // Values of all types that depend on the argument take the place of the parameters of the file.
        let weights = literal(&argument, &mut generator, &["1.0", "0.5", "-0.75", "0.3125"]);
        let combined = inner(&parameter, "weights", &argument);
        let ty = spelled(&argument);
        let prologue = format!("let weights: {ty} = {weights}; let r0 = {combined}; {DEPENDENT}");
        generator.scope.retain(|(_, ty)| !matches!(ty, Ty::Real | Ty::Tensor(_)));
        let tensor = |sizes: &[usize]| Ty::Tensor(sizes.to_vec());
        let names =
            [("w34", tensor(&[3, 4])), ("w33", tensor(&[3, 3])), ("w23", tensor(&[2, 3])), ("u4", tensor(&[4]))];
        let more = [("u3", tensor(&[3])), ("u2", tensor(&[2])), ("r1", Ty::Real), ("r0", Ty::Real)];
        generator.scope.extend(names.into_iter().chain(more).map(|(name, ty)| (name.to_string(), ty)));
        generator.scope.push((parameter.clone(), argument.clone()));
        generator.fuel = 25;
        let body = generator.expression(&Ty::Real, 5);
        items.push(format!("fn {name}({parameter}: {ty}) = {{ {prologue} {body} }}"));
        let at = literal(&argument, &mut generator, &["0.8125", "-1.1875", "2.3125", "0.6875", "-0.4375", "1.5625"]);
        let steps = ["1.0", "-0.5", "0.75", "0.25"];
        let directions = [0, 1].map(|_| literal(&argument, &mut generator, &steps));
        Target { items, name, argument, at, directions }
    }

    /// The expressions that are compared: two ways to the derivative, then it or the function along a line.
    fn outcome(&self, order: Order) -> String {
        let Target { name: f, at, directions: [along, across], argument, .. } = self;
        let ty = spelled(argument);
        match order {
            Order::First => {
                let reverse = inner("g", "d", argument);
                format!(
                    "({{ let g = grad({f})({at}); let d: {ty} = {along}; {reverse} }}, jvp({f})({at}, {along}), {})",
                    self.line(&format!("{f}({at} + steps[i] * direction)"))
                )
            }
            Order::Second => {
                let (forward, reverse) = (inner("h", "e", argument), inner("grad(F)(x)", "d", argument));
                let slope = inner(&format!("grad({f})({at} + steps[i] * direction)"), "e", argument);
                format!(
                    "({{ let h = hvp({f})({at}, {along}); let e: {ty} = {across}; {forward} }}, \
                     {{ let d: {ty} = {along}; let e: {ty} = {across}; \
                        fn F(x: {ty}) = {{ fn F(x: {ty}) = {f}(x); {reverse} }}; \
                        let h = grad(F)({at}); {forward} }}, \
                     {{ let e: {ty} = {across}; {} }})",
                    self.line(&slope)
                )
            }
        }
    }

    /// A function at five points of a line, computed together.
    fn line(&self, value: &str) -> String {
        let steps: Vec<String> = [-1.0, -0.5, 0.0, 0.5, 1.0].map(|part| format!("{:?}", part * STEP)).to_vec();
        let (ty, along) = (spelled(&self.argument), &self.directions[0]);
        format!("{{ let steps = [{}]; let direction: {ty} = {along}; [{value} for i in 0..5] }}", steps.join(", "))
    }
}

/// A value of a type from some numbers.
fn literal(ty: &Ty, generator: &mut Generator, numbers: &[&str]) -> String {
    match ty {
        Ty::Tensor(sizes) => {
            let inner = if sizes.len() > 1 { Ty::Tensor(sizes[1..].to_vec()) } else { Ty::Real };
            let entries: Vec<String> = (0..sizes[0]).map(|_| literal(&inner, generator, numbers)).collect();
            format!("[{}]", entries.join(", "))
        }
        Ty::Tuple(types) => {
            let parts: Vec<String> = types.iter().map(|ty| literal(ty, generator, numbers)).collect();
            format!("({})", parts.join(", "))
        }
        Ty::Record(fields) => {
            let parts: Vec<String> =
                fields.iter().map(|(name, ty)| format!("{name} = {}", literal(ty, generator, numbers))).collect();
            format!("({})", parts.join(", "))
        }
        _ => (*generator.choose(numbers)).to_string(),
    }
}

/// The sum of the products of all leaves of two values.
fn inner(left: &str, right: &str, ty: &Ty) -> String {
    match ty {
        Ty::Tuple(types) => {
            let parts = types.iter().enumerate();
            let parts: Vec<String> =
                parts.map(|(at, ty)| inner(&format!("{left}.{at}"), &format!("{right}.{at}"), ty)).collect();
            parts.join(" + ")
        }
        Ty::Record(fields) => {
            let parts: Vec<String> = fields
                .iter()
                .map(|(name, ty)| inner(&format!("{left}.{name}"), &format!("{right}.{name}"), ty))
                .collect();
            parts.join(" + ")
        }
        _ => format!("sum({left} * {right})"),
    }
}

/// Compares the derivatives of some functions, compiled as one file.
pub fn compare(targets: &[Target], order: Order) -> Result<Tally, String> {
    let items: Vec<&str> = targets.iter().flat_map(|target| target.items.iter().map(String::as_str)).collect();
    let outcomes: Vec<String> = targets.iter().map(|target| target.outcome(order)).collect();
    let text = format!("{HEADER}{}\nlet outcome = ({},)\n", items.join("\n"), outcomes.join(",\n  "));
    let failed = |what: String| format!("{what}\n{text}");
    let both = compute(&text, false).map_err(failed)?;
    let (native, reference) = match (both.native, both.reference) {
        (Ok(native), Ok(reference)) => (native, reference),
        // What the optimiser drops may hold the error that the evaluator meets.
        _ if targets.len() == 1 => return Ok(Tally { errors: 1, ..Tally::default() }),
        _ => return Err("a run-time error".to_string()),
    };
    let mut tally = Tally::default();
    for (place, target) in targets.iter().enumerate() {
        let numbers = |tables: &[Table]| -> Vec<f64> {
            tables[3 * place..3 * place + 3].iter().flat_map(table::numbers).collect()
        };
        let (native, reference) = (numbers(&native), numbers(&reference));
        if let Some(at) = (0..native.len()).find(|at| !near(native[*at], reference[*at], 1e-9)) {
            let what = format!("{}: native {native:?}, evaluator {reference:?}, entry {at}", target.name);
            return Err(failed(what));
        }
        judge(&native, &mut tally).map_err(|what| failed(format!("{}: {what}", target.name)))?;
    }
    Ok(tally)
}

fn near(left: f64, right: f64, tolerance: f64) -> bool {
    left == right
        || (left.is_nan() && right.is_nan())
        || (left - right).abs() <= tolerance * left.abs().max(right.abs()).max(1.0)
}

/// Two derivatives and five values along a line.
fn judge(numbers: &[f64], tally: &mut Tally) -> Result<(), String> {
    let [first, second, far_left, left, middle, right, far_right] = *numbers else {
        return Err(format!("{} numbers", numbers.len()));
    };
    // A function that is infinite at a point has no derivative there.
    if !middle.is_finite() {
        tally.kinks += 1;
        return Ok(());
    }
    if !near(first, second, 1e-9) {
        return Err(format!("two modes give {first} and {second}"));
    }
    tally.moving += u64::from(first != 0.0);
    let scale = numbers[2..].iter().fold(1.0_f64, |most, each| most.max(each.abs()));
    // Where a function bends, half a step bends half as much; at a kink, as much. At a jump, half a step is twice as steep.
    let bend = ((far_right - middle) - (middle - far_left)) / STEP;
    let bend_of_half = ((right - middle) - (middle - left)) / (STEP / 2.0);
    let (coarse, fine) = ((far_right - far_left) / (2.0 * STEP), (right - left) / STEP);
    let jumps = (coarse - fine).abs() > 1e-3 * coarse.abs().max(fine.abs()).max(scale);
    let smooth = bend_of_half.abs() <= 0.75 * bend.abs() + 1e-7 * scale && bend.abs() <= scale && !jumps;
    let difference = (4.0 * fine - coarse) / 3.0;
    if !smooth || !difference.is_finite() {
        tally.kinks += 1;
    } else if near(first, difference, 1e-6) || (first - difference).abs() <= 1e-6 * scale {
        tally.compared += 1;
    } else {
        return Err(format!("derivative {first}, differences {difference}"));
    }
    Ok(())
}
