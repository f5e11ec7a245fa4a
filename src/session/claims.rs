//! Whether claims hold.

use super::native::to_reals;
use super::{Leaves, Session, Silent};
use crate::check::program::{Assert, Claim, Program, Tolerance};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::numeric;
use crate::ir::{ElementType, Table};
use crate::report::value_text;

impl Session<'_> {
    /// `None` if the claim holds, else what to say.
    pub(super) fn claim(&mut self, assert: &Assert) -> Result<Option<Diagnostic>, Box<Diagnostic>> {
        let facts = match &assert.claim {
            Claim::Fails { expected, found, program } => {
                let found = if found.is_empty() { codes_of_run(program) } else { found.clone() };
                if found.contains(expected) {
                    return Ok(None);
                }
                let found = if found.is_empty() { "no error".to_string() } else { found.join(", ") };
                vec![format!("expected {expected}, found {found}")]
            }
            Claim::Condition(condition) => {
                let leaves = self.evaluate(&[condition])?.remove(0);
                let table = &leaves.tables[0];
                let falses = table.bits.iter().filter(|bit| **bit == 0).count();
                match (falses, table.bits.len()) {
                    (0, _) => return Ok(None),
                    (_, 1) => Vec::new(),
                    (falses, all) => vec![format!("{falses} of {all} entries are false")],
                }
            }
            Claim::Equal(left, right, tolerance) => {
                let mut both = self.evaluate(&[left, right])?.into_iter();
                let (Some(left), Some(right)) = (both.next(), both.next()) else { return Ok(None) };
                match difference(&left, &right, *tolerance) {
                    None => return Ok(None),
                    Some(worst) => {
                        vec![format!("left:  {}", value_text(&left)), format!("right: {}", value_text(&right)), worst]
                    }
                }
            }
        };
        Ok(Some(numeric::assertion_failed(assert.span, facts)))
    }
}

/// The codes of the errors that end the run of a program.
fn codes_of_run(program: &Program) -> Vec<String> {
    let failures = match Session::new(program) {
        Ok(mut session) => session.run(&mut Silent).err().unwrap_or_default(),
        Err(diagnostic) => vec![*diagnostic],
    };
    failures.iter().map(|diagnostic| diagnostic.code.to_string()).collect()
}

/// The worst disagreement of two values, if they disagree anywhere.
pub fn difference(left: &Leaves, right: &Leaves, tolerance: Tolerance) -> Option<String> {
    let mut worst: Option<(f64, f64, f64)> = None;
    let mut wrong = 0;
    let mut count = 0;
    let mut exact = None;
    for (left, right) in left.tables.iter().zip(&right.tables) {
        if !left.ty.element.is_real() {
            // Reals cannot tell all integers apart.
            count += left.bits.len();
            let pairs = left.bits.iter().zip(&right.bits).filter(|(a, b)| a != b);
            wrong += pairs.clone().count();
            exact = exact.or(pairs.map(|(a, b)| (*a as i64, *b as i64)).next());
            continue;
        }
        for (a, b) in to_reals(left).into_iter().zip(to_reals(right)) {
            count += 1;
            if agree(a, b, tolerance, left) {
                continue;
            }
            wrong += 1;
            let distance = (a - b).abs();
            if worst.is_none_or(|(_, _, most)| distance > most || distance.is_nan()) {
                worst = Some((a, b, distance));
            }
        }
    }
    let entries = if count > 1 { format!("{wrong} of {count} entries differ; ") } else { String::new() };
    if let Some((a, b)) = exact {
        return Some(format!("{entries}{a} and {b} are not equal, as whole numbers and truth values must be"));
    }
    let (a, b, distance) = worst?;
    let entries = if count > 1 { format!("{entries}worst: ") } else { entries };
    Some(format!("{entries}{a:?} and {b:?} differ by {distance:e}, allowed is {}", allowed(tolerance, left)))
}

fn allowed(tolerance: Tolerance, left: &Leaves) -> String {
    match tolerance {
        Tolerance::Default => format!("{:e} of max(1, |right|)", default_tolerance(&left.tables[0])),
        Tolerance::Relative(within) => format!("{within:e} of max(1, |right|)"),
        Tolerance::Ulp(count) => format!("{count} ulp"),
    }
}

fn default_tolerance(table: &Table) -> f64 {
    if table.ty.element == ElementType::F32 { 1e-5 } else { 1e-9 }
}

fn agree(a: f64, b: f64, tolerance: Tolerance, table: &Table) -> bool {
    if a == b || (a.is_nan() && b.is_nan()) {
        return true;
    }
    match tolerance {
        Tolerance::Default => (a - b).abs() <= default_tolerance(table) * b.abs().max(1.0),
        Tolerance::Relative(within) => (a - b).abs() <= within * b.abs().max(1.0),
        Tolerance::Ulp(count) if table.ty.element == ElementType::F32 => {
            ulps(i64::from((a as f32).to_bits() as i32), i64::from((b as f32).to_bits() as i32), i64::from(i32::MIN))
                <= count
        }
        Tolerance::Ulp(count) => ulps(a.to_bits() as i64, b.to_bits() as i64, i64::MIN) <= count,
    }
}

/// The distance of two floating-point numbers, counted in representable numbers between them.
fn ulps(a: i64, b: i64, least: i64) -> u64 {
    // Negative numbers count down from zero, so that neighbours differ by one.
    let ordered = |bits: i64| if bits < 0 { i128::from(least) - i128::from(bits) } else { i128::from(bits) };
    u64::try_from((ordered(a) - ordered(b)).unsigned_abs()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Shape, TensorType};

    fn close(a: f64, b: f64, tolerance: Tolerance) -> bool {
        let table = Table { ty: TensorType::new(ElementType::F64, Shape::scalar()), bits: vec![0] };
        agree(a, b, tolerance, &table)
    }

    #[test]
    fn tolerances_mean_what_the_language_says() {
        assert!(close(1.0 + 1e-10, 1.0, Tolerance::Default));
        assert!(!close(1.0 + 1e-8, 1.0, Tolerance::Default));
        assert!(close(1e6 + 1e-4, 1e6, Tolerance::Default));
        assert!(close(f64::NAN, f64::NAN, Tolerance::Ulp(0)));
        assert!(!close(f64::NAN, 0.0, Tolerance::Relative(1.0)));
        assert!(close(f64::INFINITY, f64::INFINITY, Tolerance::Ulp(0)));
        assert!(!close(f64::INFINITY, 1.0, Tolerance::Default));
        assert!(close(1.0, 1.0 + f64::EPSILON, Tolerance::Ulp(1)));
        assert!(!close(1.0, 1.0 + 2.0 * f64::EPSILON, Tolerance::Ulp(1)));
        assert!(close(-0.0, 0.0, Tolerance::Ulp(0)));
        assert!(close(f64::from_bits(1), -f64::from_bits(1), Tolerance::Ulp(2)));
    }
}
