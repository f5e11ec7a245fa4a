//! Compiled programs on disk, for the next run of the same thing.
//!
//! An entry is one file, named by its [`Key`]: a hash of all that decides its content. What is found is either what was stored
//! under that key or nothing: every file carries a hash of its key and content, and is not looked at further where that
//! differs. Since code from the cache is executed, a folder that belongs to somebody else, or that others can write to, is
//! refused.
//!
//! Any number of processes may use a cache at once: files come into being under other names and are renamed when they are
//! whole. All failures mean no more than that there is no cache.
//!
//! The hash is BLAKE3 with 256 bits. The short hashes of the standard library are made for tables that compare the keys
//! too; here two programs with one hash would run each other's code.

mod folder;
mod identity;
mod shelf;

pub use folder::{default_folder, environment};
pub use identity::build_identity;
pub use shelf::Shelf;

use folder::{entry_files, secure};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Files end with this.
const ENDING: &str = "code";
/// Files that are being written begin with this.
const UNFINISHED: &str = ".new-";
/// Unfinished files of processes that ended early are removed after so long.
const ABANDONED: Duration = Duration::from_secs(3600);
/// What every file begins with; the number changes with the form.
const MARK: &[u8; 8] = b"ndcode 1";
/// The most bytes that all files may have together.
pub const LIMIT: u64 = 256 << 20;

/// What decides the content of an entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key(blake3::Hash);

/// Makes a [`Key`] from parts.
#[derive(Default)]
pub struct KeyMaker(blake3::Hasher);

impl KeyMaker {
    /// Adds a part. Parts are told apart: moving bytes from one to the next gives another key.
    pub fn part(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update(&(bytes.len() as u64).to_le_bytes()).update(bytes);
        self
    }

    /// The key of all parts.
    pub fn key(&self) -> Key {
        Key(self.0.finalize())
    }
}

/// A folder of entries.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
    limit: u64,
}

/// What a cache holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Usage {
    /// The number of entries.
    pub entries: usize,
    /// Their bytes.
    pub bytes: u64,
}

impl Cache {
    /// The cache in a folder, which is made where there is none.
    ///
    /// # Errors
    /// Why the folder is not used: it cannot be made, belongs to somebody else, or others can write to it.
    pub fn open(folder: &Path) -> Result<Self, String> {
        Self::with_limit(folder, LIMIT)
    }

    /// The same with another limit of bytes.
    ///
    /// # Errors
    /// As [`Cache::open`].
    pub fn with_limit(folder: &Path, limit: u64) -> Result<Self, String> {
        secure(folder)?;
        Ok(Cache { folder: folder.to_path_buf(), limit })
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What was stored under a key. The entry then counts as new: the oldest are removed first.
    pub fn load(&self, key: &Key) -> Option<Vec<u8>> {
        let path = self.path(key);
        // Anything but a file of a fitting length is not ours, and reading it might never end.
        fs::symlink_metadata(&path).ok().filter(|found| found.is_file() && found.len() <= self.limit)?;
        let mut bytes = fs::read(&path).ok()?;
        let content = MARK.len() + blake3::OUT_LEN;
        let is_whole = bytes.starts_with(MARK)
            && bytes.get(MARK.len()..content).is_some_and(|stated| seal(key, &bytes[content..]).as_bytes() == stated);
        if !is_whole {
            // Whoever made it, it is of no use.
            let _ = fs::remove_file(&path);
            return None;
        }
        if let Ok(file) = fs::File::options().append(true).open(&path) {
            let _ = file.set_modified(SystemTime::now());
        }
        bytes.drain(..content);
        Some(bytes)
    }

    /// Stores bytes under a key, and removes the oldest entries while there are more bytes than the limit.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn store(&self, key: &Key, content: &[u8]) -> Result<(), String> {
        let failed = |error: std::io::Error| format!("cannot write to {}: {error}", self.folder.display());
        // The library gives the file to its owner alone.
        let mut file = tempfile::Builder::new().prefix(UNFINISHED).tempfile_in(&self.folder).map_err(failed)?;
        let seal = seal(key, content);
        for part in [MARK, &seal.as_bytes()[..], content] {
            file.write_all(part).map_err(failed)?;
        }
        file.persist(self.path(key)).map_err(|error| failed(error.error))?;
        self.trim();
        Ok(())
    }

    /// How much there is.
    pub fn usage(&self) -> Usage {
        let files = entry_files(&self.folder);
        Usage { entries: files.len(), bytes: files.iter().map(|file| file.bytes).sum() }
    }

    /// Removes all entries.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub fn clear(&self) -> Result<Usage, String> {
        let usage = self.usage();
        for file in entry_files(&self.folder) {
            match fs::remove_file(&file.path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(format!("cannot remove {}: {error}", file.path.display()));
                }
                _ => {}
            }
        }
        Ok(usage)
    }

    fn trim(&self) {
        let mut files = entry_files(&self.folder);
        let mut bytes: u64 = files.iter().map(|file| file.bytes).sum();
        files.sort_by_key(|file| file.used);
        for file in files.iter().take_while(|file| {
            let too_many = bytes > self.limit;
            bytes -= file.bytes;
            too_many
        }) {
            let _ = fs::remove_file(&file.path);
        }
        folder::remove_abandoned(&self.folder);
    }

    fn path(&self, key: &Key) -> PathBuf {
        self.folder.join(key.0.to_hex().as_str()).with_extension(ENDING)
    }
}

/// The hash that stands in a file. It covers the key, so that a file under another name is not taken.
fn seal(key: &Key, content: &[u8]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(MARK).update(key.0.as_bytes()).update(content);
    hasher.finalize()
}

#[cfg(test)]
mod tests;
