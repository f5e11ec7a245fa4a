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

/// Whether a file could be written now, so that nobody learns after hours that it cannot.
///
/// # Errors
/// What the file system says.
pub(super) fn could_write(path: &Path) -> Result<(), Box<Diagnostic>> {
    checkpoint::could_write_whole(path).map_err(|error| Box::new(cannot_write(&path.display().to_string(), &error)))
}

/// The same of files in a folder.
///
/// # Errors
/// What the file system says.
pub(super) fn could_write_into(folder: &Path) -> Result<(), Box<Diagnostic>> {
    let file = folder.join("file");
    checkpoint::could_write_whole(&file).map_err(|error| Box::new(cannot_write(&folder.display().to_string(), &error)))
}
