//! A posterior written in nd, sampled by the crate `nuts-rs` (the No-U-Turn sampler of Hoffman and Gelman, 2014):
//! `cargo run -p ndc-embedding-examples --bin nuts`.

use ndc::{Kernel, Program};
use nuts_rs::rand::{Rng, SeedableRng, rngs::StdRng};
use nuts_rs::{Chain, CpuLogpFunc, CpuMath, CpuMathError, DiagNutsSettings, HasDims, LogpError, Settings};
use std::collections::HashMap;
use std::fmt;

const TEXT: &str = "
/// The logarithm of the posterior density of a line `a + b * x` through points with known noise; both have a normal prior.
fn posterior(a, b, x: [n], y: [n], noise, prior) =
    -sum((y[i] - a - b * x[i])^2 for i) / (2 * noise^2) - (a^2 + b^2) / (2 * prior^2)
";
const X: [f64; 5] = [0.0, 1.0, 2.0, 3.0, 4.0];
const Y: [f64; 5] = [1.1, 2.9, 5.2, 6.8, 9.1];
const NOISE: f64 = 0.5;
const PRIOR: f64 = 10.0;

/// A logarithm of a density with its gradient, as `nuts-rs` calls them.
struct Density(Kernel);

/// A computation that failed: the sampler tries another point.
#[derive(Debug)]
struct Failed(ndc::Error);

impl fmt::Display for Failed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl std::error::Error for Failed {}

impl LogpError for Failed {
    fn is_recoverable(&self) -> bool {
        matches!(self.0, ndc::Error::Numeric(_))
    }
}

impl HasDims for Density {
    fn dim_sizes(&self) -> HashMap<String, u64> {
        HashMap::from([("unconstrained_parameter".to_string(), self.0.inputs() as u64)])
    }
}

impl CpuLogpFunc for Density {
    type LogpError = Failed;
    type FlowParameters = ();
    type ExpandedVector = Vec<f64>;

    fn dim(&self) -> usize {
        self.0.inputs()
    }

    fn logp(&mut self, position: &[f64], gradient: &mut [f64]) -> Result<f64, Failed> {
        self.0.evaluate(position, gradient).map_err(Failed)
    }

    fn expand_vector<R: Rng + ?Sized>(&mut self, _: &mut R, position: &[f64]) -> Result<Vec<f64>, CpuMathError> {
        Ok(position.to_vec())
    }
}

/// The posterior as a kernel of `a` and `b`; the data are held.
fn density() -> Result<Kernel, ndc::Error> {
    let program = Program::from_text("posterior.nd", TEXT)?;
    let ask = program.function("posterior").size("n", X.len()).hold("x", X).hold("y", Y);
    ask.hold("noise", NOISE).hold("prior", PRIOR).value_and_gradient().compile()?.kernel()
}

/// Draws after as many that tune the sampler.
fn draws(kernel: Kernel, count: u64, seed: u64) -> Result<Vec<Box<[f64]>>, Box<dyn std::error::Error>> {
    let settings = DiagNutsSettings { num_tune: count, num_draws: count, ..DiagNutsSettings::default() };
    let start = vec![0.0; kernel.inputs()];
    let mut rng = StdRng::seed_from_u64(seed);
    let mut chain = settings.new_chain(0, CpuMath::new(Density(kernel)), &mut rng)?;
    chain.set_position(&start)?;
    let mut draws = Vec::new();
    for draw in 0..2 * count {
        let (position, _) = chain.draw()?;
        if draw >= count {
            draws.push(position);
        }
    }
    Ok(draws)
}

/// Mean and standard deviation of a coordinate.
fn moments(draws: &[Box<[f64]>], place: usize) -> (f64, f64) {
    let count = draws.len() as f64;
    let mean = draws.iter().map(|draw| draw[place]).sum::<f64>() / count;
    let variance = draws.iter().map(|draw| (draw[place] - mean).powi(2)).sum::<f64>() / count;
    (mean, variance.sqrt())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let draws = draws(density()?, 2000, 1)?;
    for (place, name) in ["a", "b"].into_iter().enumerate() {
        let (mean, deviation) = moments(&draws, place);
        println!("{name}: {mean:.3} ± {deviation:.3}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The posterior is normal: its precision is that of the prior and of the points.
    #[test]
    fn moments_are_those_of_the_posterior() {
        let (noise, prior) = (NOISE.powi(-2), PRIOR.powi(-2));
        let (sum_x, sum_xx) = (X.iter().sum::<f64>(), X.iter().map(|x| x * x).sum::<f64>());
        let (sum_y, sum_xy) = (Y.iter().sum::<f64>(), X.iter().zip(Y).map(|(x, y)| x * y).sum::<f64>());
        let [p, q, r] = [X.len() as f64 * noise + prior, sum_x * noise, sum_xx * noise + prior];
        let determinant = p * r - q * q;
        let means = [(r * sum_y - q * sum_xy) * noise / determinant, (p * sum_xy - q * sum_y) * noise / determinant];
        let deviations = [(r / determinant).sqrt(), (p / determinant).sqrt()];
        let draws = draws(density().unwrap(), 4000, 7).unwrap();
        for place in 0..2 {
            let (mean, deviation) = moments(&draws, place);
            // Five standard errors, if half of the draws count.
            assert!((mean - means[place]).abs() < 5.0 * deviations[place] / 2000f64.sqrt(), "{mean} {means:?}");
            assert!((deviation / deviations[place] - 1.0).abs() < 0.1, "{deviation} {deviations:?}");
        }
    }
}
