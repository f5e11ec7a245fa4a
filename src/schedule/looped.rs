//! Contractions of views whose axes have no one step, such as windows: a product over the axes that have one, within
//! loops over the others. Nothing is copied.

use super::layout::Layout;
use super::{Body, BufferId, ContractLoop, ContractPlaces, View};
use crate::ir::{Axes, Shape};
use smallvec::SmallVec;

/// Products of fewer multiply-adds are not worth a call each; their operands are copied instead.
const LEAST: usize = 48;

/// Products of fewer columns leave vectors empty.
const FEW_COLUMNS: usize = 8;

/// So many multiply-adds of few columns for each copied element cost more than the copy and one whole product.
const COPIES_PAY: usize = 16;

/// More elements are not copied, whatever it saves.
const MOST_COPIED: usize = 1 << 23;

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

/// A contraction as products of matrices within loops, without buffers.
pub struct Products {
    left: Layout,
    right: Layout,
    places: ContractPlaces,
    /// Whether the operands have changed their places.
    turned: bool,
}

/// The contraction of two views over the last `contract` axes of both, the first `batch` going together, into a buffer of
/// its own; none where copies are better.
pub fn contraction(left: &View, right: &View, kinds: (usize, usize), to: BufferId) -> Option<Body> {
    let (batch, contract) = kinds;
    let (l, r) = (&left.layout.sizes, &right.layout.sizes);
    let result: Shape = l[..l.len() - contract].iter().chain(&r[batch..r.len() - contract]).copied().collect();
    let products = products(&left.layout, &right.layout, kinds, &Layout::contiguous(&result))?;
    let multiply_adds = result.count() * l[l.len() - contract..].iter().product::<usize>();
    let copied = left.layout.count() + right.layout.count();
    let copies_pay = copied <= MOST_COPIED && multiply_adds >= COPIES_PAY * copied;
    if products.right.sizes[1] < FEW_COLUMNS && copies_pay {
        return None;
    }
    Some(products.body(left, right, to, false))
}

/// The contraction of two views, each of whose results is added to its place under a layout.
pub fn added(left: &View, right: &View, kinds: (usize, usize), layout: &Layout, to: BufferId) -> Option<Body> {
    Some(products(&left.layout, &right.layout, kinds, layout)?.body(left, right, to, true))
}

impl Products {
    fn body(self, left: &View, right: &View, to: BufferId, adds: bool) -> Body {
        let (left, right) = if self.turned { (right, left) } else { (left, right) };
        Body::Contract {
            left: View { buffer: left.buffer, layout: self.left },
            right: View { buffer: right.buffer, layout: self.right },
            to,
            places: ContractPlaces { adds, ..self.places },
        }
    }
}

/// The products of a contraction whose results go to the places of a layout; none where they are too small.
pub fn products(left: &Layout, right: &Layout, kinds: (usize, usize), to: &Layout) -> Option<Products> {
    let (batch, contract) = kinds;
    let (rows_end, rank) = (left.sizes.len() - contract, to.sizes.len());
    // The columns of a product lie side by side; those of the left operand do where that has them.
    let turned = (batch..rows_end).any(|at| to.strides[at] == 1 && to.sizes[at] != 1);
    if !turned {
        return products_in_order(left, right, kinds, to);
    }
    let order = (0..batch).chain(rows_end..rank).chain(batch..rows_end);
    let to = to.transpose(Axes::new(order));
    products_in_order(right, left, kinds, &to).map(|products| Products { turned, ..products })
}

fn products_in_order(l: &Layout, r: &Layout, kinds: (usize, usize), to: &Layout) -> Option<Products> {
    let (batch, contract) = kinds;
    let (rows_end, columns_end) = (l.sizes.len() - contract, r.sizes.len() - contract);
    let strides = &to.strides;
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
    let neighbours = columns.iter().position(|axis| axis.to == 1);
    let column = neighbours.map_or(NONE, |place| columns.remove(place));
    // The rows of a product do not overlap.
    let (apart, near) = rows.into_iter().partition(|axis| axis.to >= column.size as isize);
    rows = apart;
    let (entry, row, term) = (longest(&mut both), longest(&mut rows), longest(&mut terms));
    if row.size * column.size * term.size < LEAST {
        return None;
    }
    let free = both.into_iter().chain(rows).chain::<Vec<Axis>>(near).chain(columns).map(|axis| axis.as_loop(false));
    let loops = free.chain(terms.into_iter().map(|axis| axis.as_loop(true))).collect();
    let seen = |offset: isize, axes: [(usize, isize); 3]| {
        let (sizes, strides): (SmallVec<[usize; 4]>, SmallVec<[isize; 4]>) = axes.into_iter().unzip();
        Layout { offset, sizes, strides }
    };
    Some(Products {
        left: seen(l.offset, [(entry.size, entry.left), (row.size, row.left), (term.size, term.left)]),
        right: seen(r.offset, [(entry.size, entry.right), (column.size, column.right), (term.size, term.right)]),
        places: ContractPlaces {
            start: to.offset as usize,
            adds: false,
            row: row.to.max(column.size as isize) as usize,
            batch: entry.to as usize,
            loops,
        },
        turned: false,
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
