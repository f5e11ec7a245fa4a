//! Files seen as memory.

use memmap2::{Mmap, MmapAsRawDesc};
use std::io;

/// The bytes of a file, read from disk when they are looked at.
#[derive(Debug)]
pub struct MappedFile(Mmap);

impl MappedFile {
    /// Maps a whole open file.
    ///
    /// # Errors
    /// The file cannot be mapped.
    pub fn new(file: impl MmapAsRawDesc) -> io::Result<Self> {
        // SAFETY: the map is read only and private to this process. That no other process changes the file meanwhile
        // cannot be enforced: changed bytes are other numbers, which every use takes as plain data without invariants,
        // and a file that is cut off ends the process by a signal, which reads no wrong memory.
        unsafe { Mmap::map(file) }.map(MappedFile)
    }
}

impl AsRef<[u8]> for MappedFile {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
