//! Which build of ndc this process runs. Stored code names functions by their distances within the program, so it is good for
//! this one file only.

use std::fs;

/// What tells one file of the program from another: its version, and where it is stored, how long it is and when it was
/// written and last touched. `None` where that cannot be found out.
pub fn build_identity() -> Option<String> {
    Some(format!("{} {}", env!("CARGO_PKG_VERSION"), file_identity()?))
}

/// The program's own file, even if another has taken its name meanwhile.
#[cfg(target_os = "linux")]
fn metadata() -> Option<fs::Metadata> {
    fs::metadata("/proc/self/exe").ok()
}

#[cfg(not(target_os = "linux"))]
fn metadata() -> Option<fs::Metadata> {
    fs::metadata(std::env::current_exe().ok()?).ok()
}

#[cfg(unix)]
fn file_identity() -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let file = metadata()?;
    let (written, touched) = ((file.mtime(), file.mtime_nsec()), (file.ctime(), file.ctime_nsec()));
    Some(format!("{} {} {} {written:?} {touched:?}", file.dev(), file.ino(), file.len()))
}

#[cfg(not(unix))]
fn file_identity() -> Option<String> {
    let file = metadata()?;
    Some(format!("{} {:?} {:?}", file.len(), file.modified().ok()?, file.created().ok()?))
}
