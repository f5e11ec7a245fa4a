//! Jacobians: as many forward or reverse passes as are needed, all of them at once along a leading axis.
//!
//! Where the structure of the graph shows that columns have no row in common, one forward pass computes them together
//! (rows that have no column in common, one reverse pass), and the entries are then taken apart: Curtis, Powell and
//! Reid, "On the estimation of sparse Jacobian matrices" (1974).

use super::forward::forward_with;
use super::reverse::reverse_with;
use super::sparsity::patterns;
use crate::ir::{Axes, ElementType, Graph, NodeId, Pattern, Shape, Table, TensorType};
use crate::ops::choice::conversion;
use crate::ops::comparison::EQUAL;
use crate::ops::structural::Mask;
use crate::ops::structural::batch::batch;
use std::ops::Range;

/// With this many results or values or fewer, a pass for each is taken without looking for structure.
const FEW: usize = 2;

/// The most entries that are listed where each may differ from zero: of a sparse matrix, and to find a mode.
const MOST_LISTED: usize = 1 << 25;
const MOST_TRIED: usize = 1 << 21;

/// What is differentiated by what. Rows are the elements of all outputs, columns those of all of `wrt`.
struct Problem<'a> {
    outputs: &'a [NodeId],
    wrt: &'a [NodeId],
    /// The rows of each output.
    rows: Vec<Range<usize>>,
    /// The columns of each node of `wrt`.
    columns: Vec<Range<usize>>,
}

/// In which mode, and which columns (forward) or rows (reverse) go together.
struct Plan {
    forward: bool,
    groups: Vec<u32>,
    passes: usize,
    /// The structure, where it is made use of.
    pattern: Option<Pattern>,
}

/// The derivative of each output by each node of `wrt`: a tensor with the axes of the output, then those of the other.
///
/// `form` names what is computed in the remark on the mode.
pub fn jacobian(graph: &mut Graph, outputs: &[NodeId], wrt: &[NodeId], form: &str) -> Vec<Vec<NodeId>> {
    let problem = Problem::new(graph, outputs, wrt);
    let plan = problem.plan(graph, form);
    let compressed = problem.compressed(graph, &plan);
    let mut blocks = Vec::with_capacity(outputs.len());
    for (output, rows) in problem.rows.iter().enumerate() {
        let mut of_output = Vec::with_capacity(wrt.len());
        for (by, columns) in problem.columns.iter().enumerate() {
            let (o, v) = (&graph.ty(outputs[output]).shape, &graph.ty(wrt[by]).shape);
            let shape: Shape = o.sizes().iter().chain(v.sizes()).copied().collect();
            let source = compressed[if plan.forward { output } else { by }];
            let block = match &plan.pattern {
                Some(pattern) => {
                    let of_block = pattern.block(rows.clone(), columns.clone());
                    let entries = plan.entries(graph, source, rows, columns, &of_block);
                    placed(graph, entries, &of_block)
                }
                None if plan.forward => {
                    let passes = graph.slice(source, 0, columns.start, 1, columns.len());
                    let rank = graph.ty(passes).shape.rank();
                    graph.transpose(passes, Axes::new((1..rank).chain([0])))
                }
                None => graph.slice(source, 0, rows.start, 1, rows.len()),
            };
            of_output.push(graph.reshape(block, &shape));
        }
        blocks.push(of_output);
    }
    blocks
}

/// The structure of what [`jacobian`] gives: for each output, for each node of `wrt`, the entries that may differ from
/// zero. `None` if those are too many to be listed.
pub fn structure(graph: &Graph, outputs: &[NodeId], wrt: &[NodeId]) -> Option<Vec<Vec<Pattern>>> {
    let problem = Problem::new(graph, outputs, wrt);
    let of_outputs = problem.patterns(graph, MOST_LISTED)?;
    let blocks = |(pattern, rows): (Pattern, &Range<usize>)| {
        problem.columns.iter().map(|each| pattern.block(0..rows.len(), each.clone())).collect()
    };
    Some(of_outputs.into_iter().zip(&problem.rows).map(blocks).collect())
}

/// Like [`jacobian`], only the entries of the given structure, row by row.
pub fn sparse_jacobian(
    graph: &mut Graph,
    outputs: &[NodeId],
    wrt: &[NodeId],
    structure: &[Vec<Pattern>],
    form: &str,
) -> Vec<Vec<NodeId>> {
    let problem = Problem::new(graph, outputs, wrt);
    let pattern = problem.joint(structure);
    let turned = pattern.transposed();
    let plan = Plan::of_pattern(pattern, &turned);
    plan.explain(graph, &problem, form);
    let compressed = problem.compressed(graph, &plan);
    let mut blocks = Vec::with_capacity(outputs.len());
    for (output, of_output) in structure.iter().enumerate() {
        let entries = |(by, pattern): (usize, &Pattern)| {
            let source = compressed[if plan.forward { output } else { by }];
            plan.entries(graph, source, &problem.rows[output], &problem.columns[by], pattern)
        };
        blocks.push(of_output.iter().enumerate().map(entries).collect());
    }
    blocks
}

/// The elements of some nodes, numbered through.
fn numbered(graph: &Graph, nodes: &[NodeId]) -> Vec<Range<usize>> {
    let mut next = 0;
    let range = |node: &NodeId| {
        let first = next;
        next += graph.ty(*node).shape.count();
        first..next
    };
    nodes.iter().map(range).collect()
}

impl<'a> Problem<'a> {
    fn new(graph: &Graph, outputs: &'a [NodeId], wrt: &'a [NodeId]) -> Self {
        Problem { outputs, wrt, rows: numbered(graph, outputs), columns: numbered(graph, wrt) }
    }

    fn row_count(&self) -> usize {
        self.rows.last().map_or(0, |last| last.end)
    }

    fn column_count(&self) -> usize {
        self.columns.last().map_or(0, |last| last.end)
    }

    /// The patterns of all blocks as one matrix.
    fn joint(&self, structure: &[Vec<Pattern>]) -> Pattern {
        let mut joint = Pattern::new(self.column_count());
        for (of_output, rows) in structure.iter().zip(&self.rows) {
            for row in 0..rows.len() {
                let blocks = of_output.iter().zip(&self.columns);
                joint.push(blocks.flat_map(|(block, columns)| {
                    let first = columns.start as u32;
                    block.row(row).iter().map(move |column| first + column)
                }));
            }
        }
        joint
    }

    /// The structure of each output; where none was found all entries, as long as those are no more than a limit.
    fn patterns(&self, graph: &Graph, most: usize) -> Option<Vec<Pattern>> {
        let columns = self.column_count();
        let listed = |(pattern, rows): (Option<Pattern>, &Range<usize>)| match pattern {
            Some(pattern) => Some(pattern),
            None => (rows.len().saturating_mul(columns) <= most).then(|| Pattern::full(rows.len(), columns)),
        };
        patterns(graph, self.outputs, self.wrt).into_iter().zip(&self.rows).map(listed).collect()
    }

    /// The cheaper mode, with structure where it saves passes.
    fn plan(&self, graph: &mut Graph, form: &str) -> Plan {
        let (rows, columns) = (self.row_count(), self.column_count());
        if rows.min(columns) > FEW
            && let Some(found) = self.patterns(graph, MOST_TRIED)
        {
            let mut joint = Pattern::new(columns);
            let all = found.iter().flat_map(|pattern| (0..pattern.rows()).map(|row| pattern.row(row)));
            all.for_each(|row| joint.push(row.iter().copied()));
            let turned = joint.transposed();
            if joint.longest_row().min(turned.longest_row()) < rows.min(columns) {
                let plan = Plan::of_pattern(joint, &turned);
                if plan.passes < rows.min(columns) {
                    plan.explain(graph, self, form);
                    return plan;
                }
            }
        }
        let forward = columns <= rows;
        let passes = rows.min(columns);
        let plan = Plan { forward, groups: (0..passes as u32).collect(), passes, pattern: None };
        plan.explain(graph, self, form);
        plan
    }

    /// The results of all passes, passes leading: for each output in forward mode, for each of `wrt` in reverse mode.
    fn compressed(&self, graph: &mut Graph, plan: &Plan) -> Vec<NodeId> {
        let (from, places, to) = match plan.forward {
            true => (self.wrt, &self.columns, self.outputs),
            false => (self.outputs, &self.rows, self.wrt),
        };
        if plan.passes == 0 {
            return to.iter().map(|node| with_passes(graph, *node, 0.0, 0)).collect();
        }
        let seeds: Vec<NodeId> =
            from.iter().zip(places).map(|(node, place)| plan.seed(graph, *node, place.clone())).collect();
        let variables: Vec<NodeId> = match plan.passes {
            1 => seeds.iter().zip(from).map(|(seed, node)| like(graph, *seed, *node)).collect(),
            _ => from.iter().map(|node| graph.placeholder(graph.ty(*node).clone())).collect(),
        };
        // The zeros of a pass stand for what it is not about: they meet no derivative, infinite ones included.
        let mask = if plan.passes == 1 { Mask::None } else { Mask::Routed };
        let products = match plan.forward {
            true => forward_with(graph, self.outputs, self.wrt, &variables, mask),
            false => {
                let seeded: Vec<(NodeId, NodeId)> = from.iter().copied().zip(variables.iter().copied()).collect();
                reverse_with(graph, &seeded, self.wrt, mask)
            }
        };
        if plan.passes == 1 {
            return products
                .into_iter()
                .map(|product| {
                    let shape = graph.ty(product).shape.with_leading(1);
                    graph.reshape(product, &shape)
                })
                .collect();
        }
        let batched = batch(graph, &products, &variables, &seeds, plan.passes);
        batched
            .into_iter()
            .map(|(node, carried)| if carried { node } else { repeated(graph, node, plan.passes) })
            .collect()
    }
}

impl Plan {
    /// Columns or rows in groups, whichever are fewer, from a pattern and the same with rows and columns exchanged.
    fn of_pattern(pattern: Pattern, turned: &Pattern) -> Self {
        // The longest row says how few groups of columns there can be, and the longest column how few of rows.
        let (least_columns, least_rows) = (pattern.longest_row(), turned.longest_row());
        let forward_first = least_columns <= least_rows;
        let [first, second] = if forward_first { [&pattern, turned] } else { [turned, &pattern] };
        let (mut groups, mut passes) = first.column_groups();
        let mut forward = forward_first;
        if least_columns.max(least_rows) < passes {
            let (others, count) = second.column_groups();
            if count < passes || (count == passes && !forward) {
                (groups, passes, forward) = (others, count, !forward);
            }
        }
        let passes = if pattern.count() == 0 { 0 } else { passes };
        Plan { forward, groups, passes, pattern: Some(pattern) }
    }

    /// What goes into the passes in place of a node, passes leading: 1 in the pass of its group, 0 in others.
    fn seed(&self, graph: &mut Graph, node: NodeId, places: Range<usize>) -> NodeId {
        let ty = graph.ty(node).clone();
        if self.passes == 1 {
            return with_passes(graph, node, 1.0, 1);
        }
        let flat = Shape::new(&[self.passes, places.len()]);
        let groups = self.groups[places].iter().map(|group| u64::from(*group)).collect();
        let groups = integers(graph, groups);
        let groups = graph.broadcast(groups, Axes::new([1]), &flat);
        let pass = graph.iota(0, flat);
        let chosen = graph.pointwise(&EQUAL, &[pass, groups]);
        let chosen = graph.pointwise(conversion(ty.element), &[chosen]);
        graph.reshape(chosen, &ty.shape.with_leading(self.passes))
    }

    /// The entries of a block that may differ from zero, row by row, from the passes that have them.
    fn entries(
        &self,
        graph: &mut Graph,
        passes: NodeId,
        rows: &Range<usize>,
        columns: &Range<usize>,
        pattern: &Pattern,
    ) -> NodeId {
        let count = graph.ty(passes).shape.count();
        let flat = graph.reshape(passes, &Shape::new(&[count]));
        let mut positions = Vec::with_capacity(pattern.count());
        for row in 0..pattern.rows() {
            for column in pattern.row(row).iter().map(|column| *column as usize) {
                positions.push(match self.forward {
                    true => self.groups[columns.start + column] as usize * rows.len() + row,
                    false => self.groups[rows.start + row] as usize * columns.len() + column,
                });
            }
        }
        if let Some((start, step)) = progression(&positions) {
            return graph.slice(flat, 0, start, step, positions.len());
        }
        let positions = integers(graph, positions.into_iter().map(|position| position as u64).collect());
        graph.gather(flat, positions, 0)
    }

    /// Notes the mode and the reason.
    fn explain(&self, graph: &mut Graph, problem: &Problem, form: &str) {
        let (rows, columns) = (problem.row_count(), problem.column_count());
        let mode = if self.forward { "forward" } else { "reverse" };
        let passes = if self.passes == 1 { "1 pass".to_string() } else { format!("{} passes", self.passes) };
        let head = format!("`{form}` of {rows} results by {columns} values");
        let why = match (&self.pattern, self.forward) {
            (Some(pattern), forward) => {
                let (lines, across) = if forward { ("columns", "row") } else { ("rows", "column") };
                let count = pattern.count();
                graph.remark(format!(
                    "{head}: {count} entries can differ from zero; {mode} mode in {passes}, {lines} that have no {across} in common together"
                ));
                return;
            }
            (None, true) => "one for each value, which are no more than the results",
            (None, false) => "one for each result, which are fewer than the values",
        };
        graph.remark(format!("{head}: {mode} mode in {passes}, {why}"));
    }
}

/// A constant like a node with an axis of passes in front.
fn with_passes(graph: &mut Graph, node: NodeId, value: f64, passes: usize) -> NodeId {
    let ty = graph.ty(node).clone();
    let number = graph.real(ty.element, value);
    graph.splat(number, &ty.shape.with_leading(passes))
}

/// The only pass of a seed, with the shape of a node.
fn like(graph: &mut Graph, seed: NodeId, node: NodeId) -> NodeId {
    let shape = graph.ty(node).shape.clone();
    graph.reshape(seed, &shape)
}

/// The same for every pass.
fn repeated(graph: &mut Graph, node: NodeId, passes: usize) -> NodeId {
    let shape = graph.ty(node).shape.with_leading(passes);
    graph.broadcast(node, Axes::new(1..shape.rank()), &shape)
}

/// The entries of a pattern in a matrix of zeros, flattened.
fn placed(graph: &mut Graph, entries: NodeId, pattern: &Pattern) -> NodeId {
    let size = pattern.rows() * pattern.columns();
    let rows = (0..pattern.rows()).flat_map(|row| pattern.row(row).iter().map(move |column| (row, *column as usize)));
    let positions: Vec<usize> = rows.map(|(row, column)| row * pattern.columns() + column).collect();
    if let Some((low, step)) = progression(&positions) {
        return graph.pad(entries, 0, low, step, size);
    }
    let positions = integers(graph, positions.into_iter().map(|position| position as u64).collect());
    graph.scatter_add(positions, entries, size, 0)
}

/// The first number and the distance of numbers that follow one another in equal steps; of none, 0 and 1.
fn progression(numbers: &[usize]) -> Option<(usize, usize)> {
    match numbers {
        [] => Some((0, 1)),
        [only] => Some((*only, 1)),
        [first, second, ..] => {
            let step = second.checked_sub(*first).filter(|step| *step > 0)?;
            numbers.iter().enumerate().all(|(at, number)| *number == first + at * step).then_some((*first, step))
        }
    }
}

/// A constant vector of integers.
fn integers(graph: &mut Graph, bits: Vec<u64>) -> NodeId {
    let ty = TensorType::new(ElementType::I64, Shape::new(&[bits.len()]));
    graph.constant_table(Table { ty, bits })
}
