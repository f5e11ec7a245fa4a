//! `--lr-find`: a learning rate range test (Smith 2017). Steps are taken with learning rates that rise from one to the
//! next; the rate at which the loss falls fastest is a good one to begin with.

use super::resume;
use super::run::Run;
use super::tally::Tally;
use crate::check::program::Train;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::training as errors;
use crate::runtime::math::double::{exp, log};
use crate::session::{LearningRateRange, LearningRates, Session, TriedRate};

/// Losses are averaged over about this share of the steps.
const SHARE: f64 = 0.1;
/// The share of its size by which a loss must fall.
const LEAST_FALL: f64 = 1e-3;
/// The loss has diverged where its average is above the least one by so many times its size.
const DIVERGED: f64 = 3.0;

/// Tries the learning rates of a range, each for one step, from where the parameters are. Nothing is changed by it.
///
/// # Errors
/// An update rule without a learning rate; run-time errors of the program.
pub fn find_learning_rate(
    session: &mut Session<'_>,
    train: &Train,
    range: &LearningRateRange,
) -> Result<LearningRates, Box<Diagnostic>> {
    if train.optimizer.learning_rate.is_none() {
        return Err(Box::new(errors::no_learning_rate(&train.optimizer.rule, train.span)));
    }
    let before = session.params.clone();
    let rule = resume::rule(session, train);
    let resumed = resume::resume(session, train, rule.as_ref())?;
    let mut run = Run::new(session, train, true)?;
    run.keep_checkpoints(session, None, resumed)?;
    let found = run.try_rates(session, range);
    session.params = before;
    let (curve, diverged) = found?;
    Ok(curve.learning_rates(train.name.clone(), diverged))
}

impl Run<'_> {
    /// A step with each rate, until the loss diverges.
    fn try_rates(
        &mut self,
        session: &mut Session<'_>,
        range: &LearningRateRange,
    ) -> Result<(Curve, bool), Box<Diagnostic>> {
        let mut curve = Curve::new(range.steps);
        for rate in rates(range) {
            self.steps.set_learning_rate(rate);
            self.step(session, Some(&mut Tally::new(&self.train.metrics)))?;
            if curve.add(rate, self.loss) {
                return Ok((curve, true));
            }
            if session.options.interrupted() {
                break;
            }
        }
        Ok((curve, false))
    }
}

/// Rates at equal ratios.
fn rates(range: &LearningRateRange) -> impl Iterator<Item = f64> {
    let (from, to) = (log(range.least), log(range.most));
    let last = (range.steps.max(2) - 1) as f64;
    (0..range.steps.max(2)).map(move |step| exp(from + (to - from) * step as f64 / last))
}

/// The losses of rising learning rates.
struct Curve {
    /// How far averages reach, in steps.
    reach: f64,
    /// What stays from one step to the next of the weight of a loss.
    decay: f64,
    rates: Vec<f64>,
    /// The loss of each step, before its update.
    losses: Vec<f64>,
    /// The average of the losses so far, the later the heavier, and the sum of its weights.
    average: f64,
    weight: f64,
    /// The least average of enough losses, and how many these were.
    best: Option<(f64, usize)>,
}

impl Curve {
    fn new(steps: usize) -> Self {
        let reach = steps as f64 * SHARE;
        let (rates, losses) = (Vec::with_capacity(steps), Vec::with_capacity(steps));
        Curve { reach, decay: exp(-1.0 / reach), rates, losses, average: 0.0, weight: 0.0, best: None }
    }

    /// Adds the loss of a step; whether it has diverged.
    fn add(&mut self, rate: f64, loss: f64) -> bool {
        self.rates.push(rate);
        self.losses.push(loss);
        self.average = self.decay * self.average + loss;
        self.weight = self.decay * self.weight + 1.0;
        let average = self.average / self.weight;
        match self.best {
            _ if !average.is_finite() => true,
            _ if (self.losses.len() as f64) < self.reach => false,
            Some((best, _)) if average > best + DIVERGED * best.abs() => true,
            Some((best, _)) if average >= best => false,
            _ => {
                self.best = Some((average, self.losses.len()));
                false
            }
        }
    }

    /// The losses while they fall, each averaged with its neighbours on both sides, so that a fall is where it was.
    fn smoothed(&self) -> Vec<f64> {
        let falling = &self.losses[..self.best.map_or(0, |(_, count)| count)];
        let average = |place: usize| {
            let (mut sum, mut weights) = (0.0, 0.0);
            for (other, loss) in falling.iter().enumerate() {
                let weight = exp(-(place.abs_diff(other) as f64) / self.reach);
                sum += weight * loss;
                weights += weight;
            }
            sum / weights
        };
        (0..falling.len()).map(average).collect()
    }

    /// Where the smoothed loss falls fastest, if it falls by more than it goes to and fro.
    fn suggestion(&self, smoothed: &[f64]) -> Option<usize> {
        let (first, last) = (smoothed.first()?, smoothed.last()?);
        let count = smoothed.len();
        let squares = smoothed.iter().zip(&self.losses).map(|(smoothed, loss)| (loss - smoothed) * (loss - smoothed));
        let deviation = (squares.sum::<f64>() / count as f64).sqrt();
        if count < 3 || first - last <= deviation.max(LEAST_FALL * first.abs()) {
            return None;
        }
        let slope = |place: usize| (smoothed[place + 1] - smoothed[place - 1]) / 2.0;
        (1..count - 1).min_by(|a, b| slope(*a).total_cmp(&slope(*b)))
    }

    fn learning_rates(self, name: Option<String>, diverged: bool) -> LearningRates {
        let smoothed = self.smoothed();
        let suggestion = self.suggestion(&smoothed).map(|place| self.rates[place]);
        let tried = self.rates.iter().zip(&self.losses).enumerate();
        let tried = tried.map(|(place, (rate, loss))| TriedRate {
            learning_rate: *rate,
            loss: *loss,
            smoothed: smoothed.get(place).copied(),
        });
        LearningRates { name, tried: tried.collect(), diverged, suggestion }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(least: f64, most: f64, steps: usize) -> LearningRateRange {
        LearningRateRange { least, most, steps, train: None }
    }

    fn curve(range: &LearningRateRange, mut loss: impl FnMut(f64) -> f64) -> LearningRates {
        let mut curve = Curve::new(range.steps);
        let diverged = rates(range).any(|rate| curve.add(rate, loss(rate)));
        curve.learning_rates(None, diverged)
    }

    #[test]
    fn rates_rise_by_equal_ratios() {
        let rates: Vec<f64> = rates(&range(1e-6, 1e2, 9)).collect();
        let expected = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 1e1, 1e2];
        assert!(rates.iter().zip(expected).all(|(rate, expected)| (rate / expected - 1.0).abs() < 1e-14), "{rates:?}");
    }

    /// A loss that falls from 1 to 0 around one rate, as steep there as anywhere on the scale of ratios.
    #[test]
    fn the_suggestion_is_where_the_loss_falls_fastest() {
        for center in [1e-5, 1e-3, 1e-2] {
            let found = curve(&range(1e-8, 1.0, 161), |rate| 1.0 / (1.0 + rate / center));
            let suggestion = found.suggestion.unwrap_or_default();
            assert!((0.9..1.1).contains(&(suggestion / center)), "{suggestion} {center}");
            assert!(!found.diverged && found.tried.len() == 161);
        }
    }

    #[test]
    fn a_loss_that_diverges_ends_the_test() {
        for height in [2.0, -2.0] {
            let fall = |rate: f64| height - 1.0 / (1.0 + 1e-3 / rate) + if rate > 0.1 { 1e3 * rate } else { 0.0 };
            let found = curve(&range(1e-8, 10.0, 100), fall);
            assert!(found.diverged && found.tried.len() < 95, "{}", found.tried.len());
            assert!((1e-4..1e-2).contains(&found.suggestion.unwrap_or_default()));
            assert_eq!(found.tried.last().and_then(|last| last.smoothed), None);
        }
        let found = curve(&range(1e-8, 1.0, 100), |rate| if rate > 1e-4 { f64::NAN } else { 1.0 });
        assert!(found.diverged && found.suggestion.is_none());
    }

    #[test]
    fn a_loss_that_does_not_fall_suggests_nothing() {
        let wave = |step: &mut f64| {
            *step += 1.0;
            1.0 + 0.5 * if *step % 2.0 == 0.0 { 1.0 } else { -1.0 }
        };
        for found in [
            curve(&range(1e-8, 1.0, 100), |_| 1.0),
            curve(&range(1e-8, 1.0, 100), |rate| 1.0 + rate),
            curve(&range(1e-8, 1.0, 100), |rate| 1.0 - 1e-4 * rate),
            curve(&range(1e-8, 1.0, 100), {
                let mut step = 0.0;
                move |_| wave(&mut step)
            }),
        ] {
            assert_eq!(found.suggestion, None);
        }
    }
}
