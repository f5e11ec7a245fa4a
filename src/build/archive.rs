//! Static libraries: an archive with one object file.

use ar_archive_writer::{ArchiveKind, DEFAULT_OBJECT_READER, NewArchiveMember, write_archive_to_stream};
use std::io::{self, Cursor};

/// An archive, as linkers of this system expect it, with one object file.
///
/// # Errors
/// When the object file is none.
pub fn archive(object: &[u8], name: &str) -> io::Result<Vec<u8>> {
    let member = NewArchiveMember::new(object, &DEFAULT_OBJECT_READER, format!("{name}.o"));
    let kind = if cfg!(target_vendor = "apple") { ArchiveKind::Darwin } else { ArchiveKind::Gnu };
    let mut archive = Cursor::new(Vec::new());
    write_archive_to_stream(&mut archive, &[member], kind, false, None)?;
    Ok(archive.into_inner())
}
