//! Functions and data of the program itself as distances from one place in it.
//!
//! The loader may put the program elsewhere each time; within it nothing moves. So a distance means the same function in
//! every process of the same build, and only there.

/// The place that distances are measured from.
static ORIGIN: u8 = 0;

/// The distance of a function or a `static` of this program.
pub fn distance(address: *const u8) -> i64 {
    (address.addr() as i64).wrapping_sub((&raw const ORIGIN).addr() as i64)
}

/// The address at a distance that [`distance`] gave in a process of the same build.
pub fn address(distance: i64) -> *const u8 {
    std::ptr::with_exposed_provenance(((&raw const ORIGIN).expose_provenance() as i64).wrapping_add(distance) as usize)
}
