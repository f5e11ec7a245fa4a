//! The folder of a cache: where it is, whose it is, and what is in it.

use super::{ABANDONED, ENDING, UNFINISHED};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The variable that names the folder; empty, it turns the cache off.
const VARIABLE: &str = "NDC_CACHE_DIR";

/// The environment's variables, as far as [`default_folder`] looks at them.
pub fn environment(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from)
}

/// The folder that the environment names: `NDC_CACHE_DIR` (empty for none), or `ndc` in the user's folder for caches.
///
/// # Errors
/// Why there is none.
pub fn default_folder(variable: impl Fn(&str) -> Option<PathBuf>) -> Result<PathBuf, String> {
    if let Some(stated) = variable(VARIABLE) {
        return match stated.as_os_str().is_empty() {
            true => Err(format!("{VARIABLE} is empty")),
            false => Ok(stated),
        };
    }
    // Relative paths are invalid there, says the specification of these folders.
    let absolute = |name: &str| variable(name).filter(|path| path.is_absolute());
    let caches = if cfg!(windows) {
        absolute("LOCALAPPDATA")
    } else {
        let home = if cfg!(target_os = "macos") { "Library/Caches" } else { ".cache" };
        absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|path| path.join(home)))
    };
    caches.map(|path| path.join("ndc")).ok_or_else(|| "there is no home folder".to_string())
}

/// Makes a folder that is its owner's alone, or makes sure that an existing one is ours and only we can write to it.
pub(super) fn secure(folder: &Path) -> Result<(), String> {
    if !folder.is_dir() {
        make(folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    }
    owned(folder)
}

#[cfg(unix)]
fn make(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(unix)]
fn owned(folder: &Path) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(folder).map_err(|error| format!("cannot look at {}: {error}", folder.display()))?;
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(format!("{} belongs to another user", folder.display()));
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(format!("others can write to {}", folder.display()));
    }
    Ok(())
}

/// The user's own folders are closed to others here.
#[cfg(not(unix))]
fn owned(_folder: &Path) -> Result<(), String> {
    Ok(())
}

/// A file of a cache.
pub(super) struct EntryFile {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    /// When it was last stored or loaded.
    pub(super) used: SystemTime,
}

/// The entries of a folder. What others remove meanwhile is left out.
pub(super) fn entry_files(folder: &Path) -> Vec<EntryFile> {
    files(folder).into_iter().filter(|file| is_entry(&file.path)).collect()
}

/// Whether a file is named as entries are, by a hash.
fn is_entry(path: &Path) -> bool {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    let is_hash = stem.len() == 2 * blake3::OUT_LEN && stem.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash && path.extension().is_some_and(|each| each == ENDING)
}

fn files(folder: &Path) -> Vec<EntryFile> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let file = |entry: fs::DirEntry| {
        let metadata = entry.metadata().ok().filter(fs::Metadata::is_file)?;
        Some(EntryFile { path: entry.path(), bytes: metadata.len(), used: metadata.modified().ok()? })
    };
    entries.flatten().filter_map(file).collect()
}

/// Removes what processes that ended early have left.
pub(super) fn remove_abandoned(folder: &Path) {
    let is_abandoned = |file: &EntryFile| {
        let name = file.path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with(UNFINISHED)) && file.used.elapsed().is_ok_and(|age| age > ABANDONED)
    };
    for file in files(folder).iter().filter(|file| is_abandoned(file)) {
        let _ = fs::remove_file(&file.path);
    }
}
