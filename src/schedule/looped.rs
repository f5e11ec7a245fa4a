//! Contractions of views whose axes have no one step, such as windows: a product over the axes that have one, within
//! loops over the others. Nothing is copied.

use super::layout::Layout;
use super::{Body, BufferId, ContractLoop, ContractPlaces, View};
use crate::ir::Shape;
use smallvec::SmallVec;

/// Products of fewer multiply-adds are not worth a call each; their operands are copied instead.
const LEAST: usize = 48;

/// An axis of a contraction with its steps in both operands and in the result.
#[derive(Clone, Copy)]
struct Axis {
    size: usize,
    left: isize,
    right: isize,
    to: isize,
}

/// Stands for axes that are not there.
const NONE: Axis = Axis { size: 1, left: 0, right: 0, to: 0 };

impl Axis {
    fn as_loop(self, sums: bool) -> ContractLoop {
        ContractLoop { count: self.size, left: self.left, right: self.right, to: self.to, sums }
    }
}

/// The axes with neighbours joined where one step serves both everywhere, without those of size one.
fn merged(axes: impl Iterator<Item = Axis>) -> Vec<Axis> {
    let mut result: Vec<Axis> = Vec::new();
    for axis in axes.filter(|axis| axis.size != 1) {
        let size = axis.size as isize;
        match result.last_mut() {
            Some(outer)
                if [(outer.left, axis.left), (outer.right, axis.right), (outer.to, axis.to)]
                    .iter()
                    .all(|(far, near)| *far == near * size) =>
            {
                *outer = Axis { size: outer.size * axis.size, ..axis };
            }
            _ => result.push(axis),
        }
    }
    result
}

/// Takes out the longest axis; the last one of several.
fn longest(axes: &mut Vec<Axis>) -> Axis {
    let place = (0..axes.len()).max_by_key(|place| axes[*place].size);
    place.map_or(NONE, |place| axes.remove(place))
}

/// The contraction of two views over the last `contract` axes of both, the first `batch` going together; none where
/// copies are better.
pub fn contraction(left: &View, right: &View, batch: usize, contract: usize, to: BufferId) -> Option<Body> {
    let (l, r) = (&left.layout, &right.layout);
    let (left_rank, right_rank) = (l.sizes.len(), r.sizes.len());
    let (rows_end, columns_end) = (left_rank - contract, right_rank - contract);
    let result: Shape = l.sizes[..rows_end].iter().chain(&r.sizes[batch..columns_end]).copied().collect();
    let strides: Vec<isize> = result.strides().iter().map(|stride| *stride as isize).collect();
    let both =
        (0..batch).map(|at| Axis { size: l.sizes[at], left: l.strides[at], right: r.strides[at], to: strides[at] });
    let rows = (batch..rows_end).map(|at| Axis { size: l.sizes[at], left: l.strides[at], right: 0, to: strides[at] });
    let columns = (batch..columns_end).map(|at| Axis {
        size: r.sizes[at],
        left: 0,
        right: r.strides[at],
        to: strides[rows_end + at - batch],
    });
    let terms = (0..contract).map(|at| Axis {
        size: l.sizes[rows_end + at],
        left: l.strides[rows_end + at],
        right: r.strides[columns_end + at],
        to: 0,
    });
    let (mut both, mut rows, mut columns, mut terms) = (merged(both), merged(rows), merged(columns), merged(terms));
    let (entry, row, term) = (longest(&mut both), longest(&mut rows), longest(&mut terms));
    // The columns of the product must lie side by side in the result.
    let column = columns.pop().unwrap_or(NONE);
    if row.size * column.size * term.size < LEAST {
        return None;
    }
    let free = both.into_iter().chain(rows).chain(columns).map(|axis| axis.as_loop(false));
    let loops = free.chain(terms.into_iter().map(|axis| axis.as_loop(true))).collect();
    let view = |view: &View, axes: [(usize, isize); 3]| {
        let (sizes, strides): (SmallVec<[usize; 4]>, SmallVec<[isize; 4]>) = axes.into_iter().unzip();
        View { buffer: view.buffer, layout: Layout { offset: view.layout.offset, sizes, strides } }
    };
    Some(Body::Contract {
        left: view(left, [(entry.size, entry.left), (row.size, row.left), (term.size, term.left)]),
        right: view(right, [(entry.size, entry.right), (column.size, column.right), (term.size, term.right)]),
        to,
        places: ContractPlaces { row: row.to.max(column.size as isize) as usize, batch: entry.to as usize, loops },
    })
}

impl ContractLoop {
    /// The layout of an operand through all loops.
    pub fn around(loops: &[ContractLoop], view: &View, step: impl Fn(&ContractLoop) -> isize) -> View {
        let mut whole = view.clone();
        for each in loops {
            whole.layout.sizes.push(each.count);
            whole.layout.strides.push(step(each));
        }
        whole
    }
}
