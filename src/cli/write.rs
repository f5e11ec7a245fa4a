//! Files that are there as a whole or not at all, with a message where they cannot be written.

use crate::checkpoint;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::files::cannot_write;
use std::path::Path;

/// Writes a file as a whole; makes its folder first where it is missing.
///
/// # Errors
/// What the file system says.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Box<Diagnostic>> {
    checkpoint::write_whole(path, bytes).map_err(|error| Box::new(cannot_write(&path.display().to_string(), &error)))
}
