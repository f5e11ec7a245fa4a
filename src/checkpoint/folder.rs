//! The folder that a training keeps its checkpoints in.

use super::whole::{UNFINISHED, bring_to_disk};
use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// The newest checkpoint.
pub const LAST: &str = "last.safetensors";
/// The one with the least loss over the validation set.
pub const BEST: &str = "best.safetensors";
/// The folder that keeps what a training left that was begun anew in the same folder.
pub const PREVIOUS: &str = "previous";
/// What is on its way to [`PREVIOUS`].
const MOVING: &str = ".moving";
/// The file that is locked while a training writes here.
const LOCK: &str = "lock";
/// How files of checkpoints end.
const ENDING: &str = ".safetensors";

/// A folder that only this process writes checkpoints to.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    /// Locked as long as it is open: the system opens the lock when the process ends, however it ends.
    lock: File,
}

/// Why a folder cannot be used.
#[derive(Debug)]
pub enum OpenError {
    /// Another process writes there; its number, if it is known.
    InUse(Option<u32>),
    /// It cannot be made or written to.
    File(io::Error),
}

impl RunFolder {
    /// Opens a folder for writing, and makes it where there is none. What processes left that ended while they wrote
    /// is removed.
    ///
    /// # Errors
    /// When another process uses it, or it cannot be written to.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        fs::create_dir_all(path).map_err(OpenError::File)?;
        let options = File::options().read(true).write(true).create(true).truncate(false).clone();
        let mut lock = options.open(path.join(LOCK)).map_err(OpenError::File)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = lock.read_to_string(&mut holder);
                return Err(OpenError::InUse(holder.trim().parse().ok()));
            }
            Err(TryLockError::Error(error)) => return Err(OpenError::File(error)),
        }
        let state = |file: &mut File| -> io::Result<()> {
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "{}", std::process::id())
        };
        state(&mut lock).map_err(OpenError::File)?;
        let folder = RunFolder { path: path.to_path_buf(), lock };
        for name in folder.names().filter(|name| name.starts_with(UNFINISHED)) {
            let _ = fs::remove_file(path.join(name));
        }
        Ok(folder)
    }

    /// The path of a file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Whether a file is in it, however its path is written.
    pub fn contains(&self, file: &Path) -> bool {
        match (fs::canonicalize(&self.path), fs::canonicalize(file)) {
            (Ok(folder), Ok(file)) => file.starts_with(folder),
            _ => false,
        }
    }

    /// Whether a file is its newest checkpoint, however its path is written.
    pub fn is_last(&self, file: &Path) -> bool {
        let last = fs::canonicalize(self.file(LAST));
        last.is_ok_and(|last| fs::canonicalize(file).is_ok_and(|file| file == last))
    }

    /// Moves the checkpoints of an earlier training to [`PREVIOUS`], in place of what is there; whether there were any.
    /// When this is interrupted, nothing is lost, and the next training goes on with it.
    ///
    /// # Errors
    /// When a file cannot be moved.
    pub fn put_aside(&self) -> io::Result<bool> {
        let moving = self.path.join(MOVING);
        let names: Vec<String> = self.names().filter(|name| name.ends_with(ENDING)).collect();
        if names.is_empty() && !moving.is_dir() {
            return Ok(false);
        }
        fs::create_dir_all(&moving)?;
        for name in names {
            fs::rename(self.path.join(&name), moving.join(&name))?;
        }
        let previous = self.path.join(PREVIOUS);
        match fs::remove_dir_all(&previous) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        fs::rename(moving, previous)?;
        bring_to_disk(&self.path)?;
        Ok(true)
    }

    /// Removes the checkpoints named by this word and a number, all but those with the greatest numbers.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub fn keep_newest(&self, word: &str, count: usize) -> io::Result<()> {
        let number = |name: &str| -> Option<u64> {
            name.strip_prefix(word)?.strip_prefix('-')?.strip_suffix(ENDING)?.parse().ok()
        };
        let mut numbered: Vec<(u64, String)> =
            self.names().filter_map(|name| number(&name).map(|number| (number, name))).collect();
        numbered.sort_unstable();
        let surplus = numbered.len().saturating_sub(count);
        numbered[..surplus].iter().try_for_each(|(_, name)| fs::remove_file(self.path.join(name)))
    }

    fn names(&self) -> impl Iterator<Item = String> {
        let entries = fs::read_dir(&self.path).into_iter().flatten().flatten();
        entries.filter_map(|entry| entry.file_name().into_string().ok())
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        let _ = self.lock.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> io::Result<(tempfile::TempDir, RunFolder)> {
        let outer = tempfile::tempdir()?;
        match RunFolder::open(&outer.path().join("run")) {
            Ok(folder) => Ok((outer, folder)),
            Err(error) => Err(io::Error::other(format!("{error:?}"))),
        }
    }

    #[test]
    fn a_folder_has_one_writer_at_a_time() -> io::Result<()> {
        let (_outer, first) = folder()?;
        let second = RunFolder::open(&first.path);
        assert!(matches!(second, Err(OpenError::InUse(Some(id))) if id == std::process::id()), "{second:?}");
        let path = first.path.clone();
        drop(first);
        assert!(RunFolder::open(&path).is_ok(), "what the lock names is gone");
        Ok(())
    }

    #[test]
    fn the_newest_are_kept_by_their_numbers() -> io::Result<()> {
        let (_outer, folder) = folder()?;
        for name in ["epoch-9", "epoch-10", "epoch-100", "epoch-x", "step-1", "last"] {
            fs::write(folder.file(&format!("{name}{ENDING}")), name)?;
        }
        folder.keep_newest("epoch", 2)?;
        let mut names: Vec<String> = folder.names().filter(|name| name.ends_with(ENDING)).collect();
        names.sort();
        let kept = ["epoch-10", "epoch-100", "epoch-x", "last", "step-1"].map(|name| format!("{name}{ENDING}"));
        assert_eq!(names, kept);
        Ok(())
    }

    #[test]
    fn an_earlier_training_is_put_aside_even_when_that_was_interrupted() -> io::Result<()> {
        let (_outer, folder) = folder()?;
        assert!(!folder.put_aside()?);
        fs::write(folder.file(LAST), "new")?;
        // Killed after the first of two files was moved.
        fs::create_dir(folder.file(MOVING))?;
        fs::write(folder.file(MOVING).join(BEST), "new")?;
        fs::create_dir(folder.file(PREVIOUS))?;
        fs::write(folder.file(PREVIOUS).join(LAST), "old")?;
        assert!(folder.put_aside()?);
        for name in [LAST, BEST] {
            assert_eq!(fs::read_to_string(folder.file(PREVIOUS).join(name))?, "new", "{name}");
        }
        assert!(!folder.file(LAST).exists() && !folder.file(MOVING).exists());
        Ok(())
    }
}
