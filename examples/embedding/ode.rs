//! A stiff differential equation written in nd, solved by the crate `differential-equations` with the Jacobian that nd
//! derives: `cargo run -p ndc-embedding-examples --bin ode`.

use differential_equations::prelude::*;
use ndc::{Kernel, Program};

const TEXT: &str = "
/// The oscillator of van der Pol; a small `mu` makes it stiff.
fn oscillator(t, y: [2], mu) = [y[1], ((1 - y[0]^2) * y[1] - y[0]) / mu]
";

/// A right-hand side `f(t, y)` with its Jacobian by `y`, as the solver calls them.
struct System {
    slope: Kernel,
    jacobian: Kernel,
}

impl System {
    fn new(program: &Program, mu: f64) -> Result<Self, ndc::Error> {
        let ask = || program.function("oscillator").hold("mu", mu).with_respect_to(["y"]);
        Ok(System { slope: ask().compile()?.kernel()?, jacobian: ask().jacobian().compile()?.kernel()? })
    }
}

/// Writes NaN where a computation fails: the solver then takes a smaller step or gives up.
fn evaluate(kernel: &Kernel, t: f64, y: &[f64], results: &mut [f64]) {
    if kernel.evaluate_parts(&[&[t], y], results).is_err() {
        results.fill(f64::NAN);
    }
}

impl ODE<f64, [f64; 2]> for System {
    fn diff(&self, t: f64, y: &[f64; 2], slope: &mut [f64; 2]) {
        evaluate(&self.slope, t, y, slope);
    }

    fn jacobian(&self, t: f64, y: &[f64; 2], matrix: &mut Matrix<f64>) {
        let mut entries = [0.0; 4];
        evaluate(&self.jacobian, t, y, &mut entries);
        for (place, entry) in entries.into_iter().enumerate() {
            matrix[(place / 2, place % 2)] = entry;
        }
    }
}

/// Where the oscillator is at the time 2.
fn solve(mu: f64) -> Result<[f64; 2], Box<dyn std::error::Error>> {
    let system = System::new(&Program::from_text("oscillator.nd", TEXT)?, mu)?;
    let method = ImplicitRungeKutta::radau5().rtol(1e-9).atol(1e-9).h0(1e-6);
    let solution = IVP::ode(&system, 0.0, 2.0, [2.0, -0.66]).method(method).solve();
    let solution = solution.map_err(|error| format!("{error:?}"))?;
    Ok(solution.y.last().copied().unwrap_or([f64::NAN; 2]))
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("at 2: {:?}", solve(1e-6)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of the test set of Hairer and Wanner, `VDPOL`.
    #[test]
    fn the_solution_is_that_of_the_test_set() {
        let found = solve(1e-6).unwrap();
        let known = [1.706_167_732_170_483, -0.892_809_701_024_797_5];
        assert!(found.iter().zip(known).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?}");
    }

    #[test]
    fn products_with_the_jacobian_are_its_columns() {
        let program = Program::from_text("oscillator.nd", TEXT).unwrap();
        let system = System::new(&program, 0.5).unwrap();
        let along = program.function("oscillator").hold("mu", 0.5).with_respect_to(["y"]).jvp();
        let along = along.compile().unwrap().kernel().unwrap();
        let (y, mut matrix, mut column) = ([1.5, -0.25], Matrix::zeros(2, 2), [0.0; 2]);
        ODE::jacobian(&system, 0.0, &y, &mut matrix);
        for (place, direction) in [[1.0, 0.0], [0.0, 1.0]].iter().enumerate() {
            along.evaluate_parts(&[&[0.0], &y, direction], &mut column).unwrap();
            assert_eq!(column, [matrix[(0, place)], matrix[(1, place)]]);
        }
    }
}
