//! `plot` items: `plot line(x, y)`, `scatter`, `hist`, `heatmap`, `regions`.
//!
//! Every kind has options by name; in `line` and `hist`, other names are those of curves. Sizes are compared here, so that a
//! plot of a checked file can be drawn.

mod figure;
mod grid;
mod series;

pub use figure::{Curve, Dots, Figure, Look, Plot};

use super::Checker;
use super::params::folded;
use super::program::{Action, Kind, Typed};
use crate::diagnostics::catalog::{actions, plots};
use crate::source::Span;
use crate::syntax::ast::{Argument, Expr, ExprKind};

/// The kinds of plots, and the options that each takes beside those of all.
const KINDS: &[(&str, &[&str])] = &[
    ("line", &["x", "points", "color"]),
    ("scatter", &["x", "y", "color"]),
    ("hist", &["bins"]),
    ("heatmap", &[]),
    ("regions", &["x", "y", "points", "color"]),
];
/// The options of all kinds.
const LOOKS: &[&str] = &["title", "x_label", "y_label", "x_scale", "y_scale", "classes", "to"];
/// The most letters of an expression that names an axis.
const LONGEST_LABEL: usize = 40;
/// The most intervals of a histogram.
const MOST_BINS: u64 = 1000;

/// The arguments of a plot.
struct Arguments<'a> {
    kind: &'static str,
    span: Span,
    positional: Vec<&'a Expr>,
    named: Vec<&'a Argument>,
}

impl<'a> Arguments<'a> {
    /// An argument that has this name.
    fn option(&self, name: &str) -> Option<&'a Expr> {
        let has_name = |argument: &&&Argument| argument.name.as_ref().is_some_and(|each| each.text == name);
        self.named.iter().find(has_name).map(|argument| &argument.value)
    }

    /// What has a name that is no option's.
    fn series(&self) -> impl Iterator<Item = (&'a str, &'a Expr)> {
        let options = options(self.kind);
        self.named.iter().filter_map(move |argument| {
            let name = argument.name.as_ref()?.text.as_str();
            (!options.contains(&name)).then_some((name, &argument.value))
        })
    }
}

/// The options that a kind takes.
fn options(kind: &str) -> Vec<&'static str> {
    let own = KINDS.iter().find(|(name, _)| *name == kind).map_or(&[][..], |(_, own)| own);
    own.iter().chain(LOOKS).copied().collect()
}

impl<'a> Checker<'a, '_> {
    /// Checks a `plot`.
    pub(super) fn plot(&mut self, plot: &'a Expr) -> Option<Action> {
        let arguments = self.plot_arguments(plot)?;
        let look = self.look(&arguments);
        let to = arguments.option("to").map(|path| self.file_option(path));
        let (figure, labels) = match arguments.kind {
            "line" => self.lines(&arguments),
            "scatter" => self.scatter(&arguments),
            "hist" => self.histogram(&arguments),
            "heatmap" => self.heatmap(&arguments),
            _ => self.regions(&arguments),
        }?;
        let mut look = look?;
        for (label, found) in [&mut look.x_label, &mut look.y_label].into_iter().zip(labels) {
            if label.is_empty() && found.chars().count() <= LONGEST_LABEL {
                *label = found;
            }
        }
        let to = match to {
            Some(path) => Some(path?),
            None => None,
        };
        Some(Action::Plot(Box::new(Plot { span: arguments.span, figure, look, to })))
    }

    /// The kind of a plot and its arguments, none twice and none unknown.
    fn plot_arguments(&mut self, plot: &'a Expr) -> Option<Arguments<'a>> {
        let kinds: Vec<&str> = KINDS.iter().map(|(name, _)| *name).collect();
        let (callee, arguments) = match &*plot.kind {
            ExprKind::Call { callee, arguments } => (callee, arguments),
            ExprKind::Error => return None,
            _ => {
                self.report(plots::not_a_plot(plot.span));
                return None;
            }
        };
        let ExprKind::Name(name) = &*callee.kind else {
            self.report(plots::not_a_plot(callee.span));
            return None;
        };
        let Some(kind) = kinds.iter().find(|kind| *kind == name) else {
            self.report(plots::unknown_plot(name, callee.span, &kinds));
            return None;
        };
        let named: Vec<&Argument> = arguments.iter().filter(|argument| argument.name.is_some()).collect();
        let known = options(kind);
        let free = matches!(*kind, "line" | "hist");
        let mut wrong = false;
        for (place, argument) in named.iter().enumerate() {
            let Some(name) = &argument.name else { continue };
            let same = |other: &&&Argument| other.name.as_ref().is_some_and(|other| other.text == name.text);
            if let Some(first) = named[..place].iter().find(same).and_then(|first| first.name.as_ref()) {
                self.report(actions::duplicate_setting(&name.text, name.span, first.span));
                wrong = true;
            } else if !free && !known.contains(&name.text.as_str()) {
                self.report(plots::unknown_option(kind, &name.text, name.span, &known));
                wrong = true;
            }
        }
        let positional = arguments.iter().filter(|argument| argument.name.is_none()).map(|argument| &argument.value);
        (!wrong).then(|| Arguments { kind, span: plot.span, positional: positional.collect(), named })
    }

    /// The options that say how a plot looks; `None` after a message.
    fn look(&mut self, arguments: &Arguments<'a>) -> Option<Look> {
        let text = |checker: &mut Self, name: &str| match arguments.option(name) {
            Some(value) => checker.text_option(name, value),
            None => Some(String::new()),
        };
        let [title, x_label, y_label] = ["title", "x_label", "y_label"].map(|name| text(self, name));
        let [x, y] = ["x_scale", "y_scale"].map(|name| match arguments.option(name) {
            Some(value) => self.scale_option(name, value),
            None => Some(false),
        });
        let classes = match arguments.option("classes") {
            Some(value) => self.classes_option(value),
            None => Some(Vec::new()),
        };
        Some(Look { title: title?, x_label: x_label?, y_label: y_label?, logarithmic: (x?, y?), classes: classes? })
    }

    fn text_option(&mut self, name: &str, value: &'a Expr) -> Option<String> {
        if let ExprKind::Text(text) = &*value.kind {
            return Some(text.clone());
        }
        self.report(actions::bad_setting(name, "is a text", value.span, &format!("`{name} = \"…\"`")));
        None
    }

    fn file_option(&mut self, value: &'a Expr) -> Option<String> {
        let path = self.text_option("to", value)?;
        if path.ends_with(".svg") && path.len() > ".svg".len() {
            return Some(path);
        }
        self.report(actions::bad_setting("to", "names an SVG file", value.span, "`to = \"plots/loss.svg\"`"));
        None
    }

    /// Whether an axis is logarithmic.
    fn scale_option(&mut self, name: &str, value: &'a Expr) -> Option<bool> {
        match &*value.kind {
            ExprKind::Text(text) if text == "log" => Some(true),
            ExprKind::Text(text) if text == "linear" => Some(false),
            _ => {
                let help = format!("`{name} = \"log\"`");
                self.report(actions::bad_setting(name, "is \"linear\" or \"log\"", value.span, &help));
                None
            }
        }
    }

    fn classes_option(&mut self, value: &'a Expr) -> Option<Vec<String>> {
        let names = match &*value.kind {
            ExprKind::Tuple(parts) | ExprKind::List(parts) => parts.iter().map(literal).collect(),
            _ => None,
        };
        if names.is_none() {
            let help = "`classes = [\"no\", \"yes\"]`";
            self.report(actions::bad_setting("classes", "is a list of texts", value.span, help));
        }
        names
    }

    fn bins_option(&mut self, value: &'a Expr) -> Option<usize> {
        let typed = self.value(value, None);
        let number = match &*typed.kind {
            Kind::Error => return None,
            Kind::Integer(number) => u64::try_from(*number).ok(),
            _ => folded(&typed).filter(|number| number.fract() == 0.0 && *number > 0.0).map(|number| number as u64),
        };
        match number.filter(|number| (1..=MOST_BINS).contains(number)) {
            Some(number) => Some(number as usize),
            None => {
                let problem = format!("is a whole number from 1 to {MOST_BINS}");
                self.report(actions::bad_setting("bins", &problem, value.span, "`bins = 30`"));
                None
            }
        }
    }

    /// The positional arguments, as many as there may be.
    fn positional<const N: usize>(&mut self, arguments: &Arguments<'a>, needs: &str) -> Option<[&'a Expr; N]> {
        match <[&Expr; N]>::try_from(&arguments.positional[..]) {
            Ok(positional) => Some(positional),
            Err(_) => {
                let found = arguments.positional.len();
                self.report(plots::wrong_count(arguments.kind, needs, found, arguments.span));
                None
            }
        }
    }

    /// An expression as it is written, on one line.
    fn on_one_line(&self, span: Span) -> String {
        self.text(span).split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

fn literal(part: &Expr) -> Option<String> {
    match &*part.kind {
        ExprKind::Text(text) => Some(text.clone()),
        _ => None,
    }
}

/// A figure, and the labels of its axes where the user states none.
type Drawn = Option<(Figure, [String; 2])>;

/// Whether a value was reported.
fn is_error(typed: &Typed) -> bool {
    typed.ty.is_error()
}
