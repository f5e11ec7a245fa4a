//! Files that are there as a whole or not at all.

use crate::diagnostics::Diagnostic;
use crate::diagnostics::catalog::files::cannot_write;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Writes a file beside its place, then moves it there; makes its folder first where it is missing.
///
/// # Errors
/// What the file system says.
pub(super) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Box<Diagnostic>> {
    write(path, bytes).map_err(|error| Box::new(cannot_write(&path.display().to_string(), &error)))
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    // Where a link, a device or a pipe stands, nothing may take its place.
    if fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
        return fs::write(path, bytes);
    }
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let written = File::create(&part).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&part, path)
    });
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    written
}
