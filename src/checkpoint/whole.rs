//! Files that are there as a whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

/// Files that are being written begin with this.
pub(super) const UNFINISHED: &str = ".new-";
/// In builds for development only: how many milliseconds each of the parts of a write takes longer, so that tests can
/// end the process in the middle of one.
const SLOWNESS: &str = "NDC_SLOW_WRITES";
/// How many parts a slow write has.
const PARTS: usize = 4;

/// Writes a file under another name, brings it to the disk, and gives it its name, in place of a file that may be
/// there. Whenever the process or the machine stops, the old file or the new one is there.
///
/// # Errors
/// When the folder or the file cannot be made or written; an old file is then as it was.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // What a link leads to is replaced, not the link; a device, a pipe or what a link to nothing names is written to.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    if target.symlink_metadata().is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        return fs::write(target, bytes);
    }
    let path = target.as_path();
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = unfinished(folder)?;
    match slowness() {
        None => file.write_all(bytes)?,
        Some(pause) => {
            for part in bytes.chunks(bytes.len().div_ceil(PARTS).max(1)) {
                file.write_all(part)?;
                std::thread::sleep(pause);
            }
        }
    }
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    bring_to_disk(folder)
}

/// Whether a file could be written as a whole now: makes its folder where it is missing, and a file in it that is taken
/// away again.
///
/// # Errors
/// Those that writing it would give.
pub fn could_write_whole(path: &Path) -> io::Result<()> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    match target.symlink_metadata() {
        Ok(found) if found.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        // A device or a pipe; to open it could wait for a reader.
        Ok(found) if !found.is_file() => return Ok(()),
        _ => {}
    }
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    unfinished(folder).map(drop)
}

/// A new file with the permissions that the user gives to new files.
fn unfinished(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    #[cfg(unix)]
    let builder = builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

/// That a file has its name is on the disk too.
#[cfg(unix)]
pub(super) fn bring_to_disk(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Names are written with the files here.
#[cfg(not(unix))]
pub(super) fn bring_to_disk(_folder: &Path) -> io::Result<()> {
    Ok(())
}

fn slowness() -> Option<Duration> {
    if !cfg!(debug_assertions) {
        return None;
    }
    let stated = std::env::var(SLOWNESS).ok()?;
    stated.parse().ok().map(Duration::from_millis)
}
