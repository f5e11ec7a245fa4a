//! A function of nd minimised by the crate `argmin`: L-BFGS on values and gradients, and a trust region on products with the
//! Hessian, which is never made. `cargo run -p ndc-embedding-examples --bin argmin`.

use argmin::core::{CostFunction, Error, Executor, Gradient, Hessian, State};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use argmin::solver::trustregion::{Steihaug, TrustRegion};
use argmin_math::ArgminDot;
use ndc::{Kernel, Program};

const TEXT: &str = "
/// A long curved valley, whose deepest point is all ones.
fn rosenbrock(x: [n]) = sum((1 - x[i])^2 + 100 * (x[i + 1] - x[i]^2)^2 for i in 0..n - 1)
";

/// A function with its derivatives, as `argmin` calls them.
struct Problem {
    value: Kernel,
    gradient: Kernel,
    product: Kernel,
}

impl Problem {
    fn new(program: &Program, function: &str, n: usize) -> Result<Self, ndc::Error> {
        let ask = || program.function(function).size("n", n);
        Ok(Problem {
            value: ask().compile()?.kernel()?,
            gradient: ask().gradient().compile()?.kernel()?,
            product: ask().hessian_product().compile()?.kernel()?,
        })
    }
}

impl CostFunction for Problem {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, x: &Vec<f64>) -> Result<f64, Error> {
        Ok(self.value.evaluate(x, &mut [])?)
    }
}

impl Gradient for Problem {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, x: &Vec<f64>) -> Result<Vec<f64>, Error> {
        let mut gradient = vec![0.0; x.len()];
        self.gradient.evaluate(x, &mut gradient)?;
        Ok(gradient)
    }
}

/// The Hessian at a point, known by its products.
#[derive(Clone)]
struct HessianAt {
    point: Vec<f64>,
    product: Kernel,
}

impl ArgminDot<Vec<f64>, Vec<f64>> for HessianAt {
    fn dot(&self, direction: &Vec<f64>) -> Vec<f64> {
        let mut product = vec![0.0; direction.len()];
        let result = self.product.evaluate_parts(&[&self.point, direction], &mut product);
        if result.is_err() {
            product.fill(f64::NAN);
        }
        product
    }
}

impl Hessian for Problem {
    type Param = Vec<f64>;
    type Hessian = HessianAt;

    fn hessian(&self, x: &Vec<f64>) -> Result<HessianAt, Error> {
        Ok(HessianAt { point: x.clone(), product: self.product.clone() })
    }
}

/// The deepest point, its value, and how many iterations it took.
type Found = (Vec<f64>, f64, u64);

fn by_lbfgs(problem: Problem, start: Vec<f64>) -> Result<Found, Error> {
    let solver = LBFGS::new(MoreThuenteLineSearch::new(), 7).with_tolerance_grad(1e-9)?;
    let result = Executor::new(problem, solver).configure(|state| state.param(start).max_iters(500)).run()?;
    found(result.state())
}

fn by_trust_region(problem: Problem, start: Vec<f64>) -> Result<Found, Error> {
    let solver = TrustRegion::new(Steihaug::new().with_max_iters(50));
    let configured =
        |state: argmin::core::IterState<_, _, (), _, (), f64>| state.param(start).max_iters(500).target_cost(1e-16);
    let result = Executor::new(problem, solver).configure(configured).run()?;
    found(result.state())
}

fn found<S: State<Param = Vec<f64>, Float = f64>>(state: &S) -> Result<Found, Error> {
    let point = state.get_best_param().cloned().unwrap_or_default();
    Ok((point, state.get_best_cost(), state.get_iter()))
}

fn main() -> Result<(), Error> {
    let program = Program::from_text("rosenbrock.nd", TEXT)?;
    let n = 20;
    for (name, solve) in [("L-BFGS", by_lbfgs as fn(_, _) -> _), ("trust region", by_trust_region)] {
        let (_, value, iterations) = solve(Problem::new(&program, "rosenbrock", n)?, vec![0.0; n])?;
        println!("{name}: {value:.1e} after {iterations} iterations");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_find_the_deepest_point() {
        let program = Program::from_text("rosenbrock.nd", TEXT).unwrap();
        for solve in [by_lbfgs as fn(_, _) -> _, by_trust_region] {
            let (point, value, _) = solve(Problem::new(&program, "rosenbrock", 10).unwrap(), vec![0.0; 10]).unwrap();
            assert!(value < 1e-12, "{value}");
            assert!(point.iter().all(|x| (x - 1.0).abs() < 1e-5), "{point:?}");
        }
    }
}
