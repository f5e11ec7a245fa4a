//! What a checked `plot` is.

use crate::check::program::Typed;
use crate::source::Span;

/// A `plot`.
#[derive(Clone, Debug)]
pub struct Plot {
    /// Where it is written.
    pub span: Span,
    /// What is drawn.
    pub figure: Figure,
    /// How.
    pub look: Look,
    /// The SVG file that it is written to, as a path from the folder of the program.
    pub to: Option<String>,
}

/// What a plot draws. All values are tensors.
#[derive(Clone, Debug)]
pub enum Figure {
    /// Curves, and dots on them.
    Lines { curves: Vec<Curve>, dots: Option<Dots> },
    /// Dots.
    Scatter(Dots),
    /// How numbers are distributed, with names; in so many intervals.
    Histogram { series: Vec<(String, Typed)>, bins: Option<usize> },
    /// A matrix as shades.
    Heatmap(Typed),
    /// What a function of two numbers says over a grid, rows along y, and dots on it.
    Regions { values: Typed, x: Box<[Typed; 2]>, y: Box<[Typed; 2]>, dots: Option<Dots> },
}

/// A curve.
#[derive(Clone, Debug)]
pub struct Curve {
    /// Its name; nothing for a single curve.
    pub name: String,
    /// Where its values stand; 0, 1, 2, … if nothing.
    pub x: Option<Typed>,
    /// Its values.
    pub y: Typed,
}

/// Dots.
#[derive(Clone, Debug)]
pub struct Dots {
    /// From left to right.
    pub x: Typed,
    /// From bottom to top.
    pub y: Typed,
    /// Their classes, or the numbers that shade them.
    pub color: Option<Typed>,
}

/// How a plot looks.
#[derive(Clone, Debug, Default)]
pub struct Look {
    /// Above it.
    pub title: String,
    /// Below it.
    pub x_label: String,
    /// On its left.
    pub y_label: String,
    /// Whether the axes are logarithmic.
    pub logarithmic: (bool, bool),
    /// The names of the classes 0, 1, 2, ….
    pub classes: Vec<String>,
}

impl Plot {
    /// All values, in order.
    pub fn values(&self) -> Vec<&Typed> {
        match &self.figure {
            Figure::Lines { curves, dots } => {
                let curves = curves.iter().flat_map(|curve| curve.x.iter().chain([&curve.y]));
                curves.chain(dots.iter().flat_map(Dots::values)).collect()
            }
            Figure::Scatter(dots) => dots.values().collect(),
            Figure::Histogram { series, .. } => series.iter().map(|(_, values)| values).collect(),
            Figure::Heatmap(matrix) => vec![matrix],
            Figure::Regions { values, x, y, dots } => {
                let ends = x.iter().chain(y.iter());
                ends.chain([values]).chain(dots.iter().flat_map(Dots::values)).collect()
            }
        }
    }
}

impl Dots {
    fn values(&self) -> impl Iterator<Item = &Typed> {
        [&self.x, &self.y].into_iter().chain(&self.color)
    }
}
