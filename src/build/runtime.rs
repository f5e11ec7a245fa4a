//! The static library that object files need, as a part of ndc.

use crate::diagnostics::catalog::building as errors;
use crate::embed::Error;
use crate::session::native::internal;
use std::io::Read;

#[cfg(feature = "c-runtime")]
const PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/libndc_runtime.a.gz"));
#[cfg(not(feature = "c-runtime"))]
const PACKED: &[u8] = &[];

/// The static library: `libndc_runtime.a`.
///
/// # Errors
/// When this ndc was built without.
pub fn runtime_library() -> Result<Vec<u8>, Error> {
    if PACKED.is_empty() {
        return Err(Error::bare(errors::no_runtime()));
    }
    let mut library = Vec::new();
    let read = flate2::read::GzDecoder::new(PACKED).read_to_end(&mut library);
    read.map_err(|error| Error::bare(*internal(error)))?;
    Ok(library)
}
