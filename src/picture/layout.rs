//! Places for gates: columns by the longest way from the inputs, an order in each column with few crossings, and heights
//! that keep edges straight.
//!
//! An edge over several columns holds a place of its own in each, so that it crosses no gate; each gate's place has room
//! for what is written above and below it, so that no two texts meet. This is the layered method of Sugiyama, Tagawa and
//! Toda (1981): barycentres for the order; for the heights, least squares with the distances as constraints.

use super::gates::{Diagram, Gate, Kind};
use super::values::Caption;

/// The width of a letter of a label, and of a smaller one of a value.
pub(super) const LETTER: f64 = 8.5;
pub(super) const SMALL_LETTER: f64 = 7.3;
/// The height of a line of a value.
pub(super) const LINE: f64 = 15.0;
/// The height of a gate.
const GATE: f64 = 34.0;
/// The height of a constant.
const SMALL_GATE: f64 = 22.0;
/// Between the columns, and between places in a column.
const COLUMN_GAP: f64 = 44.0;
const ROW_GAP: f64 = 12.0;
/// The place that an edge takes up in a column.
const EDGE: f64 = 8.0;
/// Around the picture.
const MARGIN: f64 = 24.0;
/// How often the columns are ordered again.
const SWEEPS: usize = 16;
/// How much a long edge would rather be level than between its ends.
const FLATNESS: f64 = 0.8;
/// How often heights are brought nearer to those of the neighbours.
const RELAXATIONS: usize = 120;

/// Where a gate is drawn: its box, and the room around it that is its own.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Place {
    /// The middle of its box.
    pub x: f64,
    /// See `x`.
    pub y: f64,
    /// The width of its box.
    pub width: f64,
    /// The height of its box.
    pub height: f64,
    /// The room to either side of the middle, with texts.
    pub half: f64,
    /// The room above the middle, with texts.
    pub above: f64,
    /// The room below the middle.
    pub below: f64,
}

/// An edge as the points where it passes from one column to the next, two for each gap: it runs straight and level within
/// columns.
#[derive(Clone, PartialEq, Debug)]
pub struct Edge {
    /// The gate that it comes from.
    pub from: usize,
    /// The gate that it leads to.
    pub to: usize,
    /// Points in order, the first on the box of `from`, the last on that of `to`.
    pub points: Vec<(f64, f64)>,
}

/// A picture with all places.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Layout {
    /// The places of the gates.
    pub places: Vec<Place>,
    /// The edges.
    pub edges: Vec<Edge>,
    /// The size of the whole.
    pub width: f64,
    /// See `width`.
    pub height: f64,
}

/// An item of a column: a gate, or an edge that passes.
#[derive(Clone, Copy)]
struct Item {
    gate: Option<usize>,
    column: usize,
    above: f64,
    below: f64,
}

/// The state of placing.
struct Work<'d> {
    diagram: &'d Diagram,
    items: Vec<Item>,
    /// For each item those it takes from, one column to the left.
    left: Vec<Vec<usize>>,
    /// For each item its users, one column to the right.
    right: Vec<Vec<usize>>,
    /// The items of each column from top to bottom.
    columns: Vec<Vec<usize>>,
    /// For each edge of the diagram its items from left to right.
    paths: Vec<Vec<usize>>,
    /// For each item that is an edge passing by, the edge.
    path_of: Vec<Option<usize>>,
    heights: Vec<f64>,
}

/// Places all gates of a diagram.
pub(super) fn layout(diagram: &Diagram, captions: &[Caption]) -> Layout {
    let mut places: Vec<Place> =
        diagram.gates.iter().zip(captions).map(|(gate, caption)| size(gate, caption)).collect();
    let mut work = Work::new(diagram, &places);
    work.order_columns();
    work.relax_heights();
    let (starts, widths, width) = work.column_places(&places);
    let top = work.items.iter().zip(&work.heights).map(|(item, y)| y - item.above).fold(f64::INFINITY, f64::min);
    for (item, y) in work.items.iter().zip(&mut work.heights) {
        *y += MARGIN - top;
        if let Some(gate) = item.gate {
            places[gate].x = starts[item.column] + widths[item.column] / 2.0;
            places[gate].y = *y;
        }
    }
    let bottom = work.items.iter().zip(&work.heights).map(|(item, y)| y + item.below).fold(0.0, f64::max);
    let edges = work.edges(&places, &starts, &widths);
    Layout { places, edges, width, height: bottom + MARGIN }
}

/// The size of a gate with its texts.
fn size(gate: &Gate, caption: &Caption) -> Place {
    let letters = |text: &Option<String>| text.as_ref().map_or(0, |text| text.chars().count()) as f64;
    let label = gate.label.chars().count() as f64 * LETTER;
    let (width, height) = match gate.kind {
        Kind::Constant => (label * 0.9 + 12.0, SMALL_GATE),
        Kind::Operation if gate.label.chars().count() <= 2 => (GATE, GATE),
        _ => (label + 20.0, GATE),
    };
    let texts = [&caption.shape, &caption.value, &caption.derivative].map(|text| letters(text) * SMALL_LETTER);
    let half = texts.into_iter().fold(width, f64::max) / 2.0;
    let lines = |texts: &[&Option<String>]| texts.iter().filter(|text| text.is_some()).count() as f64 * LINE;
    let above = height / 2.0 + lines(&[&caption.shape, &caption.value]) + 3.0;
    let below = height / 2.0 + lines(&[&caption.derivative]) + 3.0;
    Place { width, height, half, above, below, ..Place::default() }
}

/// The column of each gate: one after its last input. Arguments are on the left, as in a textbook; constants and
/// parameters stand beside their first user.
fn columns_of(diagram: &Diagram) -> Vec<usize> {
    let mut columns: Vec<usize> = Vec::with_capacity(diagram.gates.len());
    for gate in &diagram.gates {
        columns.push(gate.inputs.iter().map(|input| columns[*input] + 1).max().unwrap_or(0));
    }
    let mut first_use = vec![usize::MAX; columns.len()];
    for (gate, column) in diagram.gates.iter().zip(&columns) {
        gate.inputs.iter().for_each(|input| first_use[*input] = first_use[*input].min(*column));
    }
    for (place, gate) in diagram.gates.iter().enumerate() {
        let moves = gate.kind == Kind::Constant || gate.is_beside_use;
        if moves && first_use[place] != usize::MAX {
            columns[place] = first_use[place] - 1;
        }
    }
    let last = columns.iter().copied().max().unwrap_or(0);
    for (place, gate) in diagram.gates.iter().enumerate() {
        if gate.kind == Kind::Output {
            columns[place] = last;
        }
    }
    columns
}

impl<'d> Work<'d> {
    fn new(diagram: &'d Diagram, places: &[Place]) -> Self {
        let columns_of = columns_of(diagram);
        let item = |gate: usize| Item {
            gate: Some(gate),
            column: columns_of[gate],
            above: places[gate].above,
            below: places[gate].below,
        };
        let mut items: Vec<Item> = (0..diagram.gates.len()).map(item).collect();
        let mut path_of = vec![None; items.len()];
        let mut paths = Vec::new();
        for (to, gate) in diagram.gates.iter().enumerate() {
            for from in &gate.inputs {
                let mut path = vec![*from];
                for column in columns_of[*from] + 1..columns_of[to] {
                    path.push(items.len());
                    path_of.push(Some(paths.len()));
                    items.push(Item { gate: None, column, above: EDGE / 2.0, below: EDGE / 2.0 });
                }
                path.push(to);
                paths.push(path);
            }
        }
        let (mut left, mut right) = (vec![Vec::new(); items.len()], vec![Vec::new(); items.len()]);
        for path in &paths {
            for pair in path.windows(2) {
                right[pair[0]].push(pair[1]);
                left[pair[1]].push(pair[0]);
            }
        }
        let count = items.iter().map(|item| item.column + 1).max().unwrap_or(0);
        let heights = vec![0.0; items.len()];
        let mut work = Work { diagram, items, left, right, columns: vec![Vec::new(); count], paths, path_of, heights };
        work.first_order();
        work
    }

    /// The order in which a reader of the text meets the gates: from the results back, inputs in order.
    fn first_order(&mut self) {
        let mut met = vec![false; self.items.len()];
        let outputs = (0..self.diagram.gates.len()).filter(|gate| self.right[*gate].is_empty());
        let mut stack: Vec<usize> = outputs.collect::<Vec<_>>().into_iter().rev().collect();
        while let Some(item) = stack.pop() {
            if std::mem::replace(&mut met[item], true) {
                continue;
            }
            self.columns[self.items[item].column].push(item);
            stack.extend(self.left[item].iter().rev());
        }
    }

    /// Sweeps over the columns, each ordered by the middle of its neighbours; the order with the fewest crossings is kept.
    fn order_columns(&mut self) {
        let mut best = (self.crossings(), self.columns.clone());
        for sweep in 0..SWEEPS {
            let count = self.columns.len();
            for step in 1..count {
                let (column, neighbours) =
                    if sweep % 2 == 0 { (step, &self.left) } else { (count - 1 - step, &self.right) };
                let beside = if sweep % 2 == 0 { column - 1 } else { column + 1 };
                let rank = ranks(&self.columns[beside], self.items.len());
                let middle = |item: usize, place: usize| match neighbours[item].len() {
                    0 => place as f64,
                    count => neighbours[item].iter().map(|each| rank[*each] as f64).sum::<f64>() / count as f64,
                };
                let mut keyed: Vec<(f64, usize)> = self.columns[column]
                    .iter()
                    .enumerate()
                    .map(|(place, item)| (middle(*item, place), *item))
                    .collect();
                keyed.sort_by(|a, b| a.0.total_cmp(&b.0));
                self.columns[column] = keyed.into_iter().map(|(_, item)| item).collect();
            }
            let crossings = self.crossings();
            if crossings < best.0 {
                best = (crossings, self.columns.clone());
            }
        }
        self.columns = best.1;
    }

    fn crossings(&self) -> usize {
        let mut count = 0;
        for pair in self.columns.windows(2) {
            let rank = ranks(&pair[1], self.items.len());
            let mut ends: Vec<usize> = Vec::new();
            for item in &pair[0] {
                let mut own: Vec<usize> = self.right[*item].iter().map(|user| rank[*user]).collect();
                own.sort_unstable();
                count += own.iter().map(|end| ends.iter().filter(|earlier| *earlier > end).count()).sum::<usize>();
                ends.extend(own);
            }
        }
        count
    }

    /// Heights near those of the neighbours, from the left, from the right, and so on.
    fn relax_heights(&mut self) {
        for column in 0..self.columns.len() {
            let wanted: Vec<f64> = self.columns[column].iter().map(|_| 0.0).collect();
            self.place_column(column, &wanted);
        }
        for round in 0..RELAXATIONS {
            let count = self.columns.len();
            for step in 0..count {
                let column = if round % 2 == 0 { step } else { count - 1 - step };
                let wanted: Vec<f64> = self.columns[column].iter().map(|item| self.wanted(*item)).collect();
                self.place_column(column, &wanted);
            }
        }
    }

    /// The middle of the neighbours on both sides; what passes wants the height of the whole edge, between its ends.
    fn wanted(&self, item: usize) -> f64 {
        let mean = |items: &mut dyn Iterator<Item = &usize>| {
            let (sum, count) = items.fold((0.0, 0.0), |(sum, count), item| (sum + self.heights[*item], count + 1.0));
            if count > 0.0 { sum / count } else { self.heights[item] }
        };
        match self.path_of[item].map(|path| &self.paths[path]) {
            Some(path) => {
                let (inner, ends) = (&path[1..path.len() - 1], [path[0], path[path.len() - 1]]);
                FLATNESS * mean(&mut inner.iter()) + (1.0 - FLATNESS) * mean(&mut ends.iter())
            }
            None => mean(&mut self.left[item].iter().chain(&self.right[item])),
        }
    }

    /// The heights nearest to the wanted ones, by least squares, that keep order and distances: blocks of items that
    /// touch move as one.
    fn place_column(&mut self, column: usize, wanted: &[f64]) {
        let items = &self.columns[column];
        let mut offsets = vec![0.0; items.len()];
        for place in 1..items.len() {
            let (upper, lower) = (self.items[items[place - 1]], self.items[items[place]]);
            let gap = if upper.gate.is_some() || lower.gate.is_some() { ROW_GAP } else { 0.0 };
            offsets[place] = offsets[place - 1] + upper.below + gap + lower.above;
        }
        // (sum of wanted heights less offsets, number of items)
        let mut blocks: Vec<(f64, usize)> = Vec::new();
        for (want, offset) in wanted.iter().zip(&offsets) {
            blocks.push((want - offset, 1));
            while let [.., (first, first_count), (second, second_count)] = blocks[..]
                && first / first_count as f64 >= second / second_count as f64
            {
                blocks.truncate(blocks.len() - 2);
                blocks.push((first + second, first_count + second_count));
            }
        }
        let mut place = 0;
        for (sum, count) in blocks {
            for _ in 0..count {
                self.heights[items[place]] = sum / count as f64 + offsets[place];
                place += 1;
            }
        }
    }

    /// The left side and the width of each column, and the width of the picture.
    fn column_places(&self, places: &[Place]) -> (Vec<f64>, Vec<f64>, f64) {
        let width = |items: &Vec<usize>| {
            let halves = items.iter().filter_map(|item| self.items[*item].gate).map(|gate| places[gate].half);
            halves.fold(0.0, f64::max) * 2.0
        };
        let widths: Vec<f64> = self.columns.iter().map(width).collect();
        let mut x = MARGIN;
        let mut starts = Vec::with_capacity(widths.len());
        for (column, width) in widths.iter().enumerate() {
            starts.push(x);
            x += width + COLUMN_GAP + self.crowd(column);
        }
        let end = starts.last().zip(widths.last()).map_or(MARGIN, |(start, width)| start + width);
        (starts, widths, end + MARGIN)
    }

    /// More room after a column that many edges leave.
    fn crowd(&self, column: usize) -> f64 {
        let edges: usize = self.columns[column].iter().map(|item| self.right[*item].len()).sum();
        (edges.saturating_sub(4) as f64 * 4.0).min(60.0)
    }

    fn edges(&self, places: &[Place], starts: &[f64], widths: &[f64]) -> Vec<Edge> {
        let mut edges: Vec<Edge> = Vec::with_capacity(self.paths.len());
        let mut paths = self.paths.iter();
        for (to, gate) in self.diagram.gates.iter().enumerate() {
            let own: Vec<&Vec<usize>> = paths.by_ref().take(gate.inputs.len()).collect();
            let ports = self.ports(gate, &own, places[to]);
            for (path, port) in own.into_iter().zip(ports) {
                let from = path[0];
                let start = places[from];
                let mut points = vec![(start.x + start.width / 2.0, start.y)];
                for (place, item) in path.iter().enumerate() {
                    let column = self.items[*item].column;
                    let y = if place + 1 == path.len() { port } else { self.heights[*item] };
                    if place > 0 {
                        points.push((starts[column], y));
                    }
                    if place + 1 < path.len() {
                        points.push((starts[column] + widths[column], y));
                    }
                }
                points.push((places[to].x - places[to].width / 2.0, port));
                edges.push(Edge { from, to, points });
            }
        }
        edges
    }

    /// Where on the left side of a gate its edges end: in the order of the arguments where that matters, else in the order
    /// in which they come.
    fn ports(&self, gate: &Gate, paths: &[&Vec<usize>], place: Place) -> Vec<f64> {
        let count = paths.len();
        let step = (place.height * 0.7 / count.max(1) as f64).min(11.0);
        let mut order: Vec<usize> = (0..count).collect();
        if !gate.is_ordered {
            let before = |place: &usize| paths[*place].iter().rev().nth(1).map_or(0.0, |item| self.heights[*item]);
            order.sort_by(|a, b| before(a).total_cmp(&before(b)));
        }
        let mut ports = vec![0.0; count];
        for (rank, path) in order.into_iter().enumerate() {
            ports[path] = place.y + (rank as f64 - (count - 1) as f64 / 2.0) * step;
        }
        ports
    }
}

/// The rank of each item of a column.
fn ranks(column: &[usize], count: usize) -> Vec<usize> {
    let mut ranks = vec![0; count];
    column.iter().enumerate().for_each(|(rank, item)| ranks[*item] = rank);
    ranks
}

#[cfg(test)]
mod tests;
