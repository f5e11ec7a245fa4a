//! Finding a learning rate: which training of the file it is for, and what is told of it.

use super::{Observer, Session};
use crate::check::program::{Action, Train};
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::training as errors;

/// The learning rates that a test tries.
#[derive(Clone, PartialEq, Debug)]
pub struct LearningRateRange {
    /// The first and least.
    pub least: f64,
    /// The last and greatest.
    pub most: f64,
    /// How many there are, at equal ratios.
    pub steps: usize,
    /// The name of the training, or its number from 1; the first if it is not given.
    pub train: Option<String>,
}

/// What the losses of rising learning rates came to.
#[derive(Clone, PartialEq, Debug)]
pub struct LearningRates {
    /// The block's name.
    pub name: Option<String>,
    /// Each rate with its loss.
    pub tried: Vec<TriedRate>,
    /// Whether the loss diverged, which ended the test.
    pub diverged: bool,
    /// The rate at which the loss falls fastest, if it falls.
    pub suggestion: Option<f64>,
}

/// A step with one learning rate.
#[derive(Clone, PartialEq, Debug)]
pub struct TriedRate {
    /// The rate.
    pub learning_rate: f64,
    /// The loss of the step's batch, before its update.
    pub loss: f64,
    /// The loss averaged with those of the steps around it, while it falls.
    pub smoothed: Option<f64>,
}

impl Session<'_> {
    /// The place of the training whose learning rate is to be found, if one is.
    pub(super) fn sought(&self) -> Result<Option<usize>, Box<Diagnostic>> {
        let Some(range) = &self.options.find_learning_rate else { return Ok(None) };
        let actions = self.program.actions.iter().enumerate();
        let trains = actions.filter_map(|(place, action)| match action {
            Action::Train(train) => Some((place, &**train)),
            _ => None,
        });
        let labelled: Vec<(String, usize)> =
            (1..).zip(trains).map(|(number, (place, train))| (label(number, train), place)).collect();
        let found = match &range.train {
            None => labelled.first(),
            Some(name) => labelled.iter().find(|(label, _)| label == name),
        };
        let Some((_, place)) = found else {
            let known: Vec<&str> = labelled.iter().map(|(label, _)| label.as_str()).collect();
            return Err(Box::new(errors::no_training_to_try(range.train.as_deref(), &known)));
        };
        Ok(Some(*place))
    }

    /// Tries learning rates for the training at a place.
    pub(super) fn seek(&mut self, place: usize, observer: &mut dyn Observer) -> Result<(), Box<Diagnostic>> {
        if let (Action::Train(train), Some(range)) =
            (&self.program.actions[place], self.options.find_learning_rate.clone())
        {
            let found = crate::train::find_learning_rate(self, train, &range)?;
            observer.learning_rates_tried(&found);
        }
        Ok(())
    }
}

fn label(number: usize, train: &Train) -> String {
    train.name.clone().unwrap_or_else(|| number.to_string())
}
