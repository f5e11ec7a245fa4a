//! Whether two paths lead to one file.

use std::path::Path;

/// Whether two paths lead to the same file, by links too. What is not there is the same as nothing.
pub fn same_file(one: &Path, other: &Path) -> bool {
    identity(one).is_some_and(|identity| Some(identity) == self::identity(other))
}

#[cfg(unix)]
fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    // Anybody may write to a device or a pipe.
    let found = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    Some((found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn identity(path: &Path) -> Option<std::path::PathBuf> {
    std::fs::canonicalize(path).ok().filter(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::same_file;
    use std::fs;

    #[test]
    fn links_lead_to_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("a"), "x").unwrap();
        fs::write(path("b"), "x").unwrap();
        fs::hard_link(path("a"), path("hard")).unwrap();
        assert!(same_file(&path("a"), &path("a")) && same_file(&path("hard"), &path("a")));
        assert!(!same_file(&path("a"), &path("b")) && !same_file(&path("none"), &path("none")));
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(path("a"), path("soft")).unwrap();
            assert!(same_file(&path("soft"), &path("hard")));
            assert!(!same_file(std::path::Path::new("/dev/null"), std::path::Path::new("/dev/null")));
        }
    }
}
