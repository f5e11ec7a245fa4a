//! Charts: what is to be drawn as plain data, drawn as SVG ([`fn@svg`]) or as text for a terminal ([`text`]).
//!
//! A [`Chart`] has two [`Axis`]es and [`Mark`]s. Colours are numbers of one palette that colour-blind readers can tell
//! apart; what is drawn depends on the data alone, so that equal data give equal bytes.

mod braille;
mod histogram;
mod marks;
mod palette;
mod svg;
mod terminal;
mod thin;
mod ticks;

pub use histogram::{bars, edges};
pub use palette::STYLE;
pub use svg::{Place, svg};
pub use terminal::text;
pub use thin::thinned;

/// A chart.
#[derive(Clone, Debug, Default)]
pub struct Chart {
    /// Above it.
    pub title: String,
    /// From left to right.
    pub x: Axis,
    /// From bottom to top.
    pub y: Axis,
    /// What is drawn, the first at the back.
    pub marks: Vec<Mark>,
}

/// An axis.
#[derive(Clone, Debug, Default)]
pub struct Axis {
    /// What it measures.
    pub label: String,
    /// Whether equal distances are equal ratios; numbers that are not above zero are then left out.
    pub logarithmic: bool,
    /// Its ends, where they do not follow from the marks.
    pub limits: Option<(f64, f64)>,
    /// Names of the places 0, 1, 2, …, in place of numbers.
    pub names: Vec<String>,
}

impl Axis {
    /// An axis that only has a label.
    pub fn labelled(label: impl Into<String>) -> Self {
        Axis { label: label.into(), ..Axis::default() }
    }
}

/// A point of a chart.
pub type Point = (f64, f64);

/// Something drawn in a chart.
#[derive(Clone, Debug)]
pub enum Mark {
    /// A line through points; one that is not finite leaves a gap.
    Line(Series),
    /// Dots.
    Points(Series),
    /// Dots coloured by a number each.
    Shaded { name: String, points: Vec<Point>, values: Vec<f64> },
    /// Bars that stand on zero, each between two edges.
    Bars { name: String, color: usize, edges: Vec<f64>, heights: Vec<f64> },
    /// Coloured cells.
    Cells(Cells),
}

/// Points of one kind.
#[derive(Clone, Debug, Default)]
pub struct Series {
    /// What the legend says; nothing if it is empty.
    pub name: String,
    /// The number of its colour.
    pub color: usize,
    /// Whether a line is broken into dashes, or a dot is a ring.
    pub light: bool,
    /// The points.
    pub points: Vec<Point>,
}

/// A rectangle of coloured cells.
#[derive(Clone, Debug)]
pub struct Cells {
    /// The number of rows.
    pub rows: usize,
    /// The number of columns.
    pub columns: usize,
    /// Row by row.
    pub values: Vec<f64>,
    /// The left and the right edge.
    pub x: (f64, f64),
    /// The outer edges of the first and the last row.
    pub y: (f64, f64),
    /// What the values are.
    pub meaning: Meaning,
}

/// What the values of cells are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// Numbers, as shades.
    Numbers,
    /// Numbers, as shades, with the numbers written into the cells where there are few.
    Counts,
    /// The numbers of classes, whose names these are; each has a colour.
    Classes(Vec<String>),
}

/// The most cells on a side that have their numbers written into them.
const MOST_WRITTEN: usize = 16;

impl Cells {
    /// The value of a cell.
    fn value(&self, row: usize, column: usize) -> f64 {
        self.values[row * self.columns + column]
    }

    /// Whether the numbers are written into the cells.
    fn is_written(&self) -> bool {
        self.meaning == Meaning::Counts && self.rows.max(self.columns) <= MOST_WRITTEN
    }

    /// The least and the greatest of the finite values.
    fn range(&self) -> (f64, f64) {
        range(self.values.iter().copied()).unwrap_or((0.0, 1.0))
    }
}

/// The least and the greatest of the finite numbers.
fn range(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.filter(|value| value.is_finite()).fold(None, |range, value| match range {
        None => Some((value, value)),
        Some((low, high)) => Some((value.min(low), value.max(high))),
    })
}

impl Chart {
    /// Whether there is nothing to draw.
    pub fn is_empty(&self) -> bool {
        self.marks.iter().all(|mark| match mark {
            Mark::Line(series) | Mark::Points(series) => series.points.is_empty(),
            Mark::Shaded { points, .. } => points.is_empty(),
            Mark::Bars { heights, .. } => heights.is_empty(),
            Mark::Cells(cells) => cells.values.is_empty(),
        })
    }

    /// What a chart says that has nothing else to show, if it has nothing.
    fn lack(&self) -> Option<&'static str> {
        let across = |x: &f64| x.is_finite() && (!self.x.logarithmic || *x > 0.0);
        let up = |y: &f64| y.is_finite() && (!self.y.logarithmic || *y > 0.0);
        let shown = |points: &[Point]| points.iter().any(|(x, y)| across(x) && up(y));
        let shows = self.marks.iter().any(|mark| match mark {
            Mark::Line(Series { points, .. }) | Mark::Points(Series { points, .. }) => shown(points),
            Mark::Shaded { points, values, .. } => shown(points) && range(values.iter().copied()).is_some(),
            Mark::Bars { heights, .. } => !heights.is_empty(),
            Mark::Cells(cells) => range(cells.values.iter().copied()).is_some(),
        });
        let positive = self.x.logarithmic || self.y.logarithmic;
        (!shows).then_some(if positive { "no finite values above zero" } else { "no finite values" })
    }

    /// Whether the marks are cells with dots at most, which fill the chart to its edges.
    fn is_filled(&self) -> bool {
        self.marks.iter().any(|mark| matches!(mark, Mark::Cells(_)))
    }

    /// The entries of the legend: a name, the number of a colour, and how it is drawn.
    fn legend(&self) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for mark in &self.marks {
            match mark {
                Mark::Line(series) if !series.name.is_empty() => {
                    let sign = if series.light { Sign::Dashes } else { Sign::Line };
                    entries.push(Entry { name: series.name.clone(), color: series.color, sign });
                }
                Mark::Points(series) if !series.name.is_empty() => {
                    let sign = if series.light { Sign::Ring } else { Sign::Dot };
                    entries.push(Entry { name: series.name.clone(), color: series.color, sign });
                }
                Mark::Bars { name, color, .. } if !name.is_empty() => {
                    entries.push(Entry { name: name.clone(), color: *color, sign: Sign::Block });
                }
                Mark::Cells(Cells { meaning: Meaning::Classes(names), .. }) => {
                    let blocks = names.iter().enumerate();
                    entries.extend(blocks.map(|(color, name)| Entry { name: name.clone(), color, sign: Sign::Block }));
                }
                _ => {}
            }
        }
        // Dots of a class have its colour; one entry tells both.
        let blocks: Vec<String> =
            entries.iter().filter(|entry| entry.sign == Sign::Block).map(|entry| entry.name.clone()).collect();
        entries.retain(|entry| entry.sign == Sign::Block || !blocks.contains(&entry.name));
        entries
    }

    /// The two ends of the axes.
    fn ends(&self) -> ((f64, f64), (f64, f64)) {
        let x = self.x.limits.or_else(|| self.span(Direction::Across, self.x.logarithmic));
        let y = self.y.limits.or_else(|| self.span(Direction::Up, self.y.logarithmic));
        (opened(x, self.x.logarithmic), opened(y, self.y.logarithmic))
    }

    /// From where to where the marks reach.
    fn span(&self, direction: Direction, logarithmic: bool) -> Option<(f64, f64)> {
        let up = direction == Direction::Up;
        let mut values: Vec<f64> = Vec::new();
        let mut bars = false;
        for mark in &self.marks {
            match mark {
                Mark::Cells(cells) => return Some(if up { cells.y } else { cells.x }),
                Mark::Line(Series { points, .. })
                | Mark::Points(Series { points, .. })
                | Mark::Shaded { points, .. } => {
                    values.extend(points.iter().map(|(x, y)| if up { *y } else { *x }));
                }
                Mark::Bars { edges, heights, .. } => {
                    bars = true;
                    values.extend(if up { heights } else { edges });
                    values.extend(up.then_some(0.0));
                }
            }
        }
        let range = range(values.into_iter().filter(|value| !logarithmic || *value > 0.0))?;
        Some(if logarithmic { range } else { widened(range, up && bars) })
    }
}

/// Along which axis.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Across,
    Up,
}

/// A little room beyond the marks; none below bars.
fn widened((low, high): (f64, f64), standing: bool) -> (f64, f64) {
    if standing && low == high {
        return (0.0, 1.0);
    }
    // Halves keep the difference of the greatest numbers finite.
    let room = (high / 2.0 - low / 2.0) * 0.06;
    let low = if standing && low == 0.0 { 0.0 } else { low - room };
    (low.max(f64::MIN), (high + room).min(f64::MAX))
}

/// Ends that are apart.
fn opened(ends: Option<(f64, f64)>, logarithmic: bool) -> (f64, f64) {
    let (low, high) = ends.unwrap_or((if logarithmic { 0.1 } else { 0.0 }, 1.0));
    if low != high {
        return (low, high);
    }
    match (logarithmic, low == 0.0) {
        (true, _) => (low / 2.0, high * 2.0),
        (false, true) => (-1.0, 1.0),
        (false, false) => ((low - low.abs() * 0.1).max(f64::MIN), (high + high.abs() * 0.1).min(f64::MAX)),
    }
}

/// A line of a legend.
struct Entry {
    name: String,
    color: usize,
    sign: Sign,
}

/// How a legend shows a colour.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Sign {
    Line,
    Dashes,
    Dot,
    Ring,
    Block,
}
