//! The metrics of a `train` block: an expression of one example, or a measure of a whole set such as `auc`.

use crate::check::Checker;
use crate::check::program::{Kind, Metric, MetricKind, Typed};
use crate::check::types::{Element, Type};
use crate::diagnostics::catalog::{actions, names, training};
use crate::ir::{Extreme, Reduction};
use crate::ops::comparison::AND;
use crate::source::Span;
use crate::syntax::ast::{Argument, BinaryOperator, ExprKind, Setting};

/// The measures of a prediction and the truth that a metric may be.
pub(super) const MEASURES: &[&str] =
    &["accuracy", "top_k", "precision", "recall", "f1", "auc", "confusion", "mae", "rmse", "r2"];

/// A predicted and a true class as reals, and how many classes there are if that is known.
struct Classified {
    parts: Vec<Typed>,
    classes: Option<usize>,
    binary: bool,
}

impl<'a> Checker<'a, '_> {
    pub(super) fn metric(&mut self, setting: &'a Setting) -> Option<Metric> {
        let name = setting.name.text.clone();
        if ["loss", "validation_loss"].contains(&name.as_str()) {
            let help = "what is minimised has this name in reports: call the metric otherwise";
            let problem = format!("cannot be called `{name}`");
            self.report(actions::bad_setting("metric", &problem, setting.name.span, help));
            return None;
        }
        if let ExprKind::Call { callee, arguments } = &*setting.value.kind
            && let ExprKind::Name(function) = &*callee.kind
            && let Some(measure) = MEASURES.iter().find(|measure| *measure == function)
            && !self.globals.contains_key(function.as_str())
            && self.frame.find(function).is_none()
        {
            let (kind, parts, higher) = self.measure(measure, arguments, setting.value.span)?;
            let labels = match (kind, &parts[..]) {
                (MetricKind::Confusion { .. }, [_, truth]) => self.labels_of(truth),
                _ => Vec::new(),
            };
            return Some(Metric { name, kind, parts, higher: Some(higher), labels });
        }
        let value = self.value(&setting.value, None);
        let higher = (value.ty == Type::bool()).then_some(true);
        let part = self.one_number_of(value, "metric", true)?;
        Some(Metric { name, kind: MetricKind::Mean, parts: vec![part], higher, labels: Vec::new() })
    }

    /// What the classes are called that a true class is one of, if it is a column of categories.
    fn labels_of(&self, truth: &Typed) -> Vec<String> {
        let column = || {
            let data = self.frame.data.as_ref()?;
            let index = *data.used.get(column_behind(truth)? as usize)?;
            let set = &self.program.data[data.data?.0 as usize];
            set.columns.get(index as usize)?.categories.clone()
        };
        column().map(|categories| categories.names()).unwrap_or_default()
    }

    /// What is folded, of which parts, and whether higher is better.
    fn measure(
        &mut self,
        name: &'static str,
        arguments: &'a [Argument],
        span: Span,
    ) -> Option<(MetricKind, Vec<Typed>, bool)> {
        let mut values = self.measure_arguments(name, arguments, span)?;
        if name == "top_k" {
            let found = self.apply_prelude("top_k", values, span);
            return Some((MetricKind::Mean, vec![self.real_part(found)?], true));
        }
        let truth = values.pop()?;
        let prediction = values.pop()?;
        match name {
            "mae" => {
                let error = self.error_of("absolute_error", prediction, truth, span)?;
                let error = match error.ty.is_scalar() {
                    true => error,
                    false => Typed::new(Kind::Mean(error), Type::real(), span),
                };
                Some((MetricKind::Mean, vec![error], false))
            }
            "rmse" => {
                let error = self.error_of("squared_error", prediction, truth, span)?;
                Some((MetricKind::RootMeanSquare, vec![error], false))
            }
            "r2" => Some((MetricKind::R2, self.same_tensors("r2", prediction, truth, span)?, true)),
            "auc" => {
                let score = self.score(prediction)?;
                let truth = self.is_positive("auc", truth)?;
                Some((MetricKind::Auc, vec![score, truth], true))
            }
            _ => {
                let is_number = self.is_number(&prediction, span);
                let Classified { mut parts, classes, binary } = self.classified(name, prediction, truth)?;
                let kind = match name {
                    "accuracy" => {
                        let mut equal = self.compared(BinaryOperator::Equal, parts, span);
                        if let Some(is_number) = is_number.filter(|_| !equal.ty.is_error()) {
                            equal = Typed::new(Kind::Pointwise(&AND, vec![is_number, equal]), Type::bool(), span);
                        }
                        return Some((MetricKind::Mean, vec![self.real_part(equal)?], true));
                    }
                    "precision" => MetricKind::Precision { binary },
                    "recall" => MetricKind::Recall { binary },
                    "f1" => MetricKind::F1 { binary },
                    _ => MetricKind::Confusion { classes: classes.unwrap_or(0) },
                };
                if let Some(is_number) = is_number {
                    let none = Typed::new(Kind::Number(f64::NAN), Type::real(), span);
                    let class = std::mem::replace(&mut parts[0], none.clone());
                    parts[0] = Typed::new(Kind::If(is_number, class, none), Type::real(), span);
                }
                Some((kind, parts, true))
            }
        }
    }

    /// The values of the arguments: a prediction, the truth, and `k` of `top_k`.
    fn measure_arguments(&mut self, name: &'static str, arguments: &'a [Argument], span: Span) -> Option<Vec<Typed>> {
        let known: &[&str] = if name == "top_k" { &["logits", "label", "k"] } else { &["prediction", "truth"] };
        let mut values: Vec<Option<Typed>> = vec![None; known.len()];
        for (order, argument) in arguments.iter().enumerate() {
            let place = match &argument.name {
                None => Some(order).filter(|order| *order < known.len()),
                Some(given) => {
                    let place = known.iter().position(|each| *each == given.text);
                    let twice = place.is_some_and(|place| values[place].is_some());
                    if place.is_none() || twice {
                        let problem = if twice { "is given twice the argument" } else { "takes no argument called" };
                        self.report(names::bad_named_argument(name, &given.text, given.span, problem, known));
                        return None;
                    }
                    place
                }
            };
            if let Some(place) = place {
                values[place] = Some(self.value(&argument.value, None));
            }
        }
        if arguments.len() != known.len() {
            let expected = known.len().to_string();
            self.report(names::wrong_argument_count(name, &expected, arguments.len(), span, None));
            return None;
        }
        let values: Option<Vec<Typed>> = values.into_iter().collect();
        values.filter(|values| values.iter().all(|value| !value.ty.is_error()))
    }

    /// A value of one example as reals.
    fn real_part(&mut self, value: Typed) -> Option<Typed> {
        (!value.ty.is_error()).then(|| self.convert_element(value, Element::Real))
    }

    fn compared(&mut self, operator: BinaryOperator, mut parts: Vec<Typed>, span: Span) -> Typed {
        match (parts.pop(), parts.pop()) {
            (Some(right), Some(left)) => self.comparison(operator, span, left, right, span),
            _ => Typed::error(span),
        }
    }

    /// Prediction and truth as numbers of one shape.
    fn same_tensors(&mut self, name: &str, prediction: Typed, truth: Typed, span: Span) -> Option<Vec<Typed>> {
        for value in [&prediction, &truth] {
            if !matches!(value.ty, Type::Tensor(element, _) if element.is_number()) || value.ty.known_shape().is_none()
            {
                let found = value.ty.to_string();
                self.report(training::metric_argument(name, "measures numbers", &found, value.span));
                return None;
            }
        }
        let (prediction, truth) =
            (self.convert_element(prediction, Element::Real), self.convert_element(truth, Element::Real));
        let (prediction, truth, _) = self.same_shape(name, prediction, truth, span)?;
        Some(vec![prediction, truth])
    }

    fn error_of(&mut self, function: &str, prediction: Typed, truth: Typed, span: Span) -> Option<Typed> {
        let name = if function == "absolute_error" { "mae" } else { "rmse" };
        let parts = self.same_tensors(name, prediction, truth, span)?;
        let error = self.apply_prelude(function, parts, span);
        (!error.ty.is_error()).then_some(error)
    }

    /// A score that orders examples.
    fn score(&mut self, value: Typed) -> Option<Typed> {
        if !value.ty.is_scalar() {
            let found = value.ty.to_string();
            self.report(training::metric_argument("auc", "takes one number as score", &found, value.span));
            return None;
        }
        self.real_part(value)
    }

    /// 1 for a true value or a number above one half, else 0.
    fn is_positive(&mut self, name: &str, value: Typed) -> Option<Typed> {
        let span = value.span;
        if !value.ty.is_scalar() {
            let found = value.ty.to_string();
            let rule = "takes a truth value, or a number that is 0 or 1, as the truth";
            self.report(training::metric_argument(name, rule, &found, span));
            return None;
        }
        if value.ty.element() == Some(Element::Bool) {
            return self.real_part(value);
        }
        let value = self.convert_element(value, Element::Real);
        let half = Typed::new(Kind::Number(0.5), Type::real(), span);
        let positive = self.comparison(BinaryOperator::Greater, span, value, half, span);
        self.real_part(positive)
    }

    /// The predicted and the true class. A vector says how likely each class is; one probability or truth value says
    /// whether the example is positive; an `int` is a class.
    fn classified(&mut self, name: &str, prediction: Typed, truth: Typed) -> Option<Classified> {
        let element = prediction.ty.element();
        match (prediction.ty.sizes().len(), element) {
            (0, Some(Element::Int)) => {
                let truth = self.class(name, truth, None)?;
                let parts = vec![self.real_part(prediction)?, truth];
                Some(Classified { parts, classes: None, binary: false })
            }
            (0, Some(_)) => {
                let parts = vec![self.is_positive(name, prediction)?, self.is_positive(name, truth)?];
                Some(Classified { parts, classes: Some(2), binary: true })
            }
            (1, Some(_)) if prediction.ty.known_shape().is_some_and(|shape| shape.count() > 0) => {
                let classes = prediction.ty.known_shape()?.count();
                let parts = vec![self.likeliest(prediction)?, self.class(name, truth, Some(classes))?];
                Some(Classified { parts, classes: Some(classes), binary: false })
            }
            _ => {
                let found = prediction.ty.to_string();
                let rule = "takes a vector with an entry for each class, a probability, a truth value or a class";
                self.report(training::metric_argument(name, rule, &found, prediction.span));
                None
            }
        }
    }

    /// Whether no score is NaN, which would be likelier than all others and less likely: that is no class. `None` for whole
    /// numbers and truth values, which are never NaN.
    fn is_number(&mut self, prediction: &Typed, span: Span) -> Option<Typed> {
        if prediction.ty.element() != Some(Element::Real) || prediction.ty.known_shape().is_none() {
            return None;
        }
        let greatest = match prediction.ty.is_scalar() {
            true => prediction.clone(),
            false => Typed::new(Kind::Reduce(Reduction::Max, prediction.clone()), Type::real(), span),
        };
        Some(self.comparison(BinaryOperator::Equal, span, greatest.clone(), greatest, span))
    }

    fn likeliest(&mut self, scores: Typed) -> Option<Typed> {
        let span = scores.span;
        let scores = self.real_part(scores)?;
        self.real_part(Typed::new(Kind::ArgReduce(Extreme::Max, scores), Type::int(), span))
    }

    /// The true class: an `int`, or a vector with its 1 there.
    fn class(&mut self, name: &str, truth: Typed, classes: Option<usize>) -> Option<Typed> {
        let whole = matches!(truth.ty.element(), Some(Element::Int | Element::Flexible));
        match (truth.ty.known_shape(), classes) {
            (Some(shape), _) if shape.rank() == 0 && whole => self.real_part(truth),
            (Some(shape), Some(classes)) if shape.rank() == 1 && shape.count() == classes => self.likeliest(truth),
            _ => {
                let found = truth.ty.to_string();
                let rule = match classes {
                    Some(_) => "takes the true class as an `int`, or as a vector like the prediction",
                    None => "takes the true class as an `int`",
                };
                self.report(training::metric_argument(name, rule, &found, truth.span));
                None
            }
        }
    }
}

/// The column of the block that a class is, or is the place of the greatest entry of.
fn column_behind(class: &Typed) -> Option<u32> {
    match &*class.kind {
        Kind::Example(place) => Some(*place),
        Kind::Convert(inner) | Kind::ArgReduce(_, inner) => column_behind(inner),
        _ => None,
    }
}
