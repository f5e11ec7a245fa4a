//! Products whose rows, columns or terms do not lie in equal steps, as in windows: a product within loops.

use super::{Matmul, MatmulShape};

/// A loop around a product; distances in bytes.
#[derive(Debug, Clone, Copy)]
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

/// A product and the loops around it, outermost first.
#[derive(Debug, Clone)]
pub struct LoopedProduct {
    /// The loops.
    pub loops: Vec<ProductLoop>,
    /// One product.
    pub shape: MatmulShape,
    /// Its function.
    pub function: Matmul,
    /// Whether all products are added to what is there.
    pub adds: bool,
}

/// Computes all products.
///
/// # Safety
/// The pointers are valid for every element that the product names in any turn of the loops; `C` overlaps neither `A`
/// nor `B`.
pub unsafe extern "C" fn looped_product(product: *const LoopedProduct, c: *mut u8, a: *const u8, b: *const u8) {
    // SAFETY: promised by the caller.
    unsafe {
        let product = &*product;
        turn(product, &product.loops, !product.adds, (c, a, b));
    }
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
        return unsafe { (product.function)(&raw const shape, c, a, b) };
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
