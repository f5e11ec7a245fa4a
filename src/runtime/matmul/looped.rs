//! Products on several threads, and products whose rows, columns or terms do not lie in equal steps, as in windows: a
//! product within loops.

use super::divided::{Division, divided, division};
use super::terms::{self, Term};
use super::{Matmul, MatmulShape, versions_f32, versions_f64};
use crate::runtime::guard::guarded;

/// A loop around a product; distances in bytes.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
pub struct ProductLoop {
    /// How often.
    pub count: usize,
    /// From one `A` to the next.
    pub a: isize,
    /// From one `B` to the next.
    pub b: isize,
    /// From one `C` to the next; 0 where the products are summed.
    pub c: isize,
    /// Whether the products are summed.
    pub sums: bool,
}

/// A product and the loops around it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct LoopedProduct {
    /// The loops, outermost first.
    pub(super) loops: Vec<ProductLoop>,
    /// One product.
    pub(super) shape: MatmulShape,
    /// Its terms, if they are listed.
    terms: Vec<Term>,
    /// The size of an element.
    pub(super) bytes: usize,
    /// Whether all products are added to what is there; only then may they share places.
    pub(super) adds: bool,
    division: Option<Division>,
}

impl LoopedProduct {
    /// A product of elements of so many bytes within loops, outermost first. If its shape accumulates, products are added
    /// to what is there, and may share places; otherwise only those of loops that sum share some.
    pub fn new(bytes: usize, shape: MatmulShape, loops: Vec<ProductLoop>) -> Self {
        let adds = shape.accumulate != 0;
        let mut product = Self { loops, shape, terms: Vec::new(), bytes, adds, division: None };
        product.list_terms();
        product.division = division(&product);
        product
    }

    /// Makes of the loops that sum, if they are the inner ones, terms of one product.
    fn list_terms(&mut self) {
        let free = self.loops.iter().take_while(|each| !each.sums).count();
        let sums = &self.loops[free..];
        if sums.iter().all(|each| each.sums)
            && let Some(terms) = terms::terms(&self.shape, self.bytes, sums)
        {
            self.shape.k = terms.len();
            self.terms = terms;
            self.loops.truncate(free);
        }
    }

    fn function(&self) -> Matmul {
        if self.bytes == size_of::<f32>() { versions_f32().get() } else { versions_f64().get() }
    }

    /// Whether it is more than a call of its function.
    pub fn is_needed(&self) -> bool {
        !self.loops.is_empty() || self.division.is_some() || !self.terms.is_empty()
    }
}

/// Computes all products.
///
/// # Safety
/// The pointers are valid for every element that the product names in any turn of the loops; `C` overlaps neither `A`
/// nor `B`.
#[inline(never)]
pub unsafe extern "C" fn looped_product(product: *const LoopedProduct, c: *mut u8, a: *const u8, b: *const u8) {
    // SAFETY: promised by the caller.
    guarded((), || unsafe {
        let product = &*product;
        match product.division {
            Some(division) => divided(product, division, (c, a, b), all_turns),
            None => all_turns(product, (c, a, b)),
        }
    });
}

/// Computes all products on this thread.
unsafe fn all_turns(product: &LoopedProduct, operands: (*mut u8, *const u8, *const u8)) {
    // SAFETY: promised by the caller of `looped_product`.
    unsafe { turn(product, &product.loops, !product.adds, operands) };
}

/// Runs the inner loops; `first` says that nothing has been added to these places yet.
unsafe fn turn(
    product: &LoopedProduct,
    loops: &[ProductLoop],
    first: bool,
    (c, a, b): (*mut u8, *const u8, *const u8),
) {
    let Some((outer, inner)) = loops.split_first() else {
        let shape = MatmulShape { accumulate: usize::from(!first), ..product.shape };
        // SAFETY: promised by the caller of `looped_product`.
        return unsafe {
            match product.terms.as_slice() {
                [] => product.function()(&raw const shape, c, a, b),
                terms => terms::versions(product.bytes).get()(&raw const shape, terms.as_ptr(), c, a, b),
            }
        };
    };
    for at in 0..outer.count as isize {
        let fresh = first && (at == 0 || !outer.sums);
        // SAFETY: the distances stay within the operands.
        unsafe {
            let places = (c.offset(at * outer.c), a.offset(at * outer.a), b.offset(at * outer.b));
            turn(product, inner, fresh, places);
        }
    }
}
