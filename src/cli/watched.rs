//! Whether files have changed since they were looked at.
//!
//! Files are asked for by their paths, a few times a second. A program has few of them, so that costs next to nothing, and it
//! sees what notices of the operating system miss or report in pieces: a file that an editor puts in the place of the old
//! one, a folder that is moved, a file system of another machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Files up to this size are compared by what is in them while they are new.
const COMPARED: u64 = 16 << 20;
/// How long a file is new: two changes within the precision of its time look alike.
const NEW: Duration = Duration::from_secs(3);

/// Some files as they were when they were looked at last.
#[derive(Debug, Default)]
pub(super) struct Watched {
    files: Vec<(PathBuf, Option<State>)>,
    /// Whether one that was there is gone.
    lost: bool,
}

/// What tells whether a file is still the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct State {
    length: u64,
    modified: Option<SystemTime>,
    contents: Option<blake3::Hash>,
}

impl Watched {
    /// Files as they are now.
    pub(super) fn new(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        let mut files: Vec<(PathBuf, Option<State>)> = Vec::new();
        for path in paths {
            if files.iter().all(|(known, _)| *known != path) {
                let state = state(&path, None);
                files.push((path, state));
            }
        }
        Watched { files, lost: false }
    }

    /// Whether one that was there was gone when they were looked at last.
    pub(super) fn has_lost_one(&self) -> bool {
        self.lost
    }

    /// Whether any is not as it was when this was asked last.
    pub(super) fn have_changed(&mut self) -> bool {
        let (mut changed, mut missing) = (false, false);
        for (path, known) in &mut self.files {
            let now = state(path, *known);
            let is_same = match (&now, &*known) {
                (Some(now), Some(known)) if now.contents.is_some() && known.contents.is_some() => {
                    now.contents == known.contents
                }
                (now, known) => now == known,
            };
            self.lost |= now.is_none() && known.is_some();
            changed |= !is_same;
            missing |= now.is_none();
            *known = now;
        }
        self.lost &= missing;
        changed
    }
}

/// The state of a file; `None` where there is none.
fn state(path: &Path, known: Option<State>) -> Option<State> {
    let metadata = fs::metadata(path).ok()?;
    let (length, modified) = (metadata.len(), metadata.modified().ok());
    let is_old = modified.is_some_and(|modified| modified.elapsed().is_ok_and(|age| age > NEW));
    match known {
        Some(known) if is_old && known.length == length && known.modified == modified => Some(known),
        _ => {
            let contents = (length <= COMPARED).then(|| fs::read(path).ok()).flatten();
            Some(State { length, modified, contents: contents.map(|bytes| blake3::hash(&bytes)) })
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::Watched;
    use std::fs;

    #[test]
    fn every_way_to_change_a_file_is_seen_once() {
        let folder = std::env::temp_dir().join(format!("ndc-watched-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (path, other) = (folder.join("a.nd"), folder.join("b.nd"));
        fs::write(&path, "one").unwrap();
        let mut watched = Watched::new([path.clone(), path.clone()]);
        assert_eq!(watched.files.len(), 1);
        assert!(!watched.have_changed());
        // The same length, and within the precision of the file's time.
        fs::write(&path, "two").unwrap();
        assert!(watched.have_changed() && !watched.have_changed());
        fs::write(&other, "three").unwrap();
        fs::rename(&other, &path).unwrap();
        assert!(watched.have_changed() && !watched.have_changed());
        // Written anew with the same text.
        fs::write(&path, "three").unwrap();
        assert!(!watched.have_changed());
        fs::remove_file(&path).unwrap();
        assert!(watched.have_changed() && !watched.have_changed() && watched.has_lost_one());
        fs::write(&path, "three").unwrap();
        assert!(watched.have_changed() && !watched.have_changed() && !watched.has_lost_one());
        fs::remove_dir_all(&folder).unwrap();
    }
}
