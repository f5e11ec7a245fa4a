//! A file of programs through the whole compiler and through the evaluator.

use super::generator::{HEADER, Kind, Unit};
use ndc::check::Options;
use ndc::check::program::{Action, Program, Typed};
use ndc::data::FileLoader;
use ndc::diagnostics::render::{MessageFormat, render};
use ndc::driver::{check_text, on_large_stack};
use ndc::eval::evaluate_tables;
use ndc::ir::{ElementType, Table};
use ndc::lower::value::lower_values;
use ndc::ops::structural::Fault;
use ndc::session::{Session, Silent, native};

/// What was compared.
#[derive(Default, Debug)]
pub struct Counts {
    /// Numbers.
    pub values: u64,
    /// Programs that end in the same run-time error.
    pub errors: u64,
    /// Programs whose error only the evaluator meets: it was in what the optimiser drops.
    pub dropped_errors: u64,
}

impl Counts {
    /// Adds others.
    pub fn add(&mut self, other: &Counts) {
        self.values += other.values;
        self.errors += other.errors;
        self.dropped_errors += other.dropped_errors;
    }
}

/// The text of a file of programs.
pub fn file(units: &[Unit]) -> String {
    let items: Vec<&str> = units.iter().flat_map(|unit| unit.items.iter().map(String::as_str)).collect();
    let calls: Vec<String> = units.iter().map(|unit| format!("{}()", unit.name)).collect();
    format!("{HEADER}{}\nlet outcome = ({},)\n", items.join("\n"), calls.join(", "))
}

/// Checks a text and takes its last `let` from the program. In every other program derivatives of loops have no memory to
/// store states in.
fn checked(text: &str, fast_math: bool) -> Result<(Program, Typed), String> {
    let options = Options { loop_memory: text.len().is_multiple_of(2).then_some(0), fast_math, ..Options::default() };
    let checked = check_text("random.nd", None, text.to_string(), &mut FileLoader::new(), options);
    if checked.has_errors() {
        return Err(render(&checked.diagnostics, &checked.sources, MessageFormat::Full, false));
    }
    let mut program = checked.program;
    match program.actions.pop() {
        Some(Action::Let { value, .. }) => Ok((program, value)),
        _ => Err("the last action is not a `let`".to_string()),
    }
}

/// What both ways of computing gave: tables, or the code of the error.
pub struct Both {
    pub native: Result<Vec<Table>, String>,
    pub reference: Result<Vec<Table>, &'static str>,
}

pub fn compute(text: &str, fast_math: bool) -> Result<Both, String> {
    let (program, value) = checked(text, fast_math)?;
    on_large_stack(|| {
        let mut session = Session::new(&program).map_err(|error| error.message.clone())?;
        session.run(&mut Silent).map_err(|errors| errors[0].message.clone())?;
        let lowered = lower_values(&program, &[&value]);
        let inputs = session.inputs(&lowered.sources).map_err(|error| error.message.clone())?;
        let native = native::run(&lowered.graph, &inputs).map_err(|error| error.code.to_string());
        let reference = evaluate_tables(&lowered.graph, &inputs).map_err(|error| code(&error.fault));
        Ok(Both { native, reference })
    })
}

/// The code that users see for a fault.
fn code(fault: &Fault) -> &'static str {
    match fault {
        Fault::OutOfRange { .. } => "E0702",
        Fault::Overflow => "E0703",
        Fault::DivisionByZero => "E0705",
        Fault::TooManySteps { .. } => "E0706",
        _ => "E0999",
    }
}

/// Compares the values of all programs.
pub fn compare(units: &[Unit], kind: Kind) -> Result<Counts, String> {
    let text = file(units);
    let failed = |what: String| format!("{what}\n{text}");
    let both = compute(&text, false).map_err(failed)?;
    match (both.native, both.reference) {
        (Ok(native), Ok(reference)) => {
            let mut values = 0;
            for (place, (left, right)) in native.iter().zip(&reference).enumerate() {
                same(left, right, kind).map_err(|what| failed(format!("output {place}: {what}")))?;
                values += left.bits.len() as u64;
            }
            Ok(Counts { values, ..Counts::default() })
        }
        (Err(left), Err(right)) if left == right => Ok(Counts { errors: 1, ..Counts::default() }),
        (Ok(_), Err(_)) if units.len() == 1 => Ok(Counts { dropped_errors: 1, ..Counts::default() }),
        (left, right) => Err(failed(format!("native {:?}, evaluator {:?}", left.err(), right.err()))),
    }
}

fn same(left: &Table, right: &Table, kind: Kind) -> Result<(), String> {
    if left.ty != right.ty {
        return Err(format!("types {} and {}", left.ty, right.ty));
    }
    let element = left.ty.element;
    for (a, b) in left.bits.iter().zip(&right.bits) {
        let (x, y) = (element.number(*a), element.number(*b));
        let near = kind == Kind::Transcendental
            && element == ElementType::F64
            && (x - y).abs() <= 1e-9 * x.abs().max(y.abs()).max(1.0);
        if !(a == b || x == y || (x.is_nan() && y.is_nan()) || near) {
            return Err(format!("native {x:?}, evaluator {y:?}"));
        }
    }
    Ok(())
}

/// How many numbers of some programs are finite, and those that `--fast-math` moves by more than a millionth of the greater
/// of both values and 1. Whole numbers and truth values count the comparisons that came out differently.
pub fn moved_by_fast_math(units: &[Unit]) -> Result<(u64, Vec<String>), String> {
    let text = file(units);
    let both = compute(&text, true).map_err(|what| format!("{what}\n{text}"))?;
    let (mut finite, mut moved) = (0, Vec::new());
    let (Ok(native), Ok(reference)) = (both.native, both.reference) else { return Ok((finite, moved)) };
    for (left, right) in native.iter().zip(&reference) {
        for (a, b) in left.bits.iter().zip(&right.bits) {
            let (x, y) = (left.ty.element.number(*a), right.ty.element.number(*b));
            if !y.is_finite() {
                continue;
            }
            finite += 1;
            // An infinity or NaN on the way may be gone, or come: that is what is asked for.
            if x.is_finite() && (x - y).abs() > 1e-6 * x.abs().max(y.abs()).max(1.0) {
                moved.push(format!("{y:?} became {x:?}\n{text}"));
            }
        }
    }
    Ok((finite, moved))
}
