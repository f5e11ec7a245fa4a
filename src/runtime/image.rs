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

/// A function pointer to and from its distance, for `serde(with)`.
macro_rules! stored_function {
    ($module:ident, $function:ty) => {
        pub mod $module {
            //! The function by its place in the program.
            use serde::{Deserialize, Deserializer, Serialize, Serializer};

            /// Writes the distance.
            #[allow(clippy::missing_errors_doc)]
            pub fn serialize<S: Serializer>(function: &$function, to: S) -> Result<S::Ok, S::Error> {
                super::distance(*function as *const u8).serialize(to)
            }

            /// Reads the distance.
            #[allow(clippy::missing_errors_doc)]
            pub fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<$function, D::Error> {
                let address = super::address(i64::deserialize(from)?);
                // SAFETY: the distance was written by a process of the same build (the caller's promise, which the key of a
                // cache entry holds), where this function stood at it.
                Ok(unsafe { std::mem::transmute::<*const u8, $function>(address) })
            }
        }
    };
}
stored_function!(matmul, crate::runtime::matmul::Matmul);
stored_function!(join, crate::runtime::reduce::Join);
