//! From a path to the bytes of its file: read, mapped, or decompressed.

use crate::check::raw::Bytes;
use crate::runtime::mapped::MappedFile;
use flate2::bufread::MultiGzDecoder;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::Path;
use std::sync::Arc;

/// Files of so many bytes and more are mapped where their format can be read in place. Smaller ones are read, so that
/// nothing that happens to them later matters.
const MAPPED: u64 = 16 << 20;

/// What gzip files begin with.
pub(super) const GZIP: &[u8] = b"\x1f\x8b";

/// Why a file has no contents, as the end of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unopened {
    /// The file cannot be read.
    Unreadable(String),
    /// It is compressed, and this is wrong with it.
    Compressed(String),
}

impl From<io::Error> for Unopened {
    fn from(error: io::Error) -> Self {
        Unopened::Unreadable(match error.kind() {
            ErrorKind::Other => error.to_string(),
            kind => reason(kind),
        })
    }
}

/// The bytes of a file.
pub(super) enum Contents {
    /// Read or decompressed.
    Memory(Vec<u8>),
    /// Left on disk.
    Mapped(MappedFile),
}

impl AsRef<[u8]> for Contents {
    fn as_ref(&self) -> &[u8] {
        match self {
            Contents::Memory(bytes) => bytes,
            Contents::Mapped(file) => file.as_ref(),
        }
    }
}

impl Contents {
    /// The bytes of a file; of a compressed one, if its name ends in `.gz`, what it holds. Large files are mapped if
    /// `in_place` allows it.
    pub(super) fn read(path: &Path, in_place: bool) -> Result<Self, Unopened> {
        let (mut file, length) = open_file(path)?;
        let compressed_name = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
        if in_place && !compressed_name && length >= MAPPED {
            return Ok(Contents::Mapped(MappedFile::new(&file)?));
        }
        let mut bytes = Vec::new();
        let room = usize::try_from(length).ok().filter(|length| bytes.try_reserve_exact(*length).is_ok());
        if room.is_none() {
            return Err(Unopened::Unreadable(reason(ErrorKind::OutOfMemory)));
        }
        file.read_to_end(&mut bytes)?;
        if compressed_name && bytes.starts_with(GZIP) {
            return decompressed(&bytes).map(Contents::Memory);
        }
        Ok(Contents::Memory(bytes))
    }

    /// The bytes for columns to share.
    pub(super) fn shared(self) -> Bytes {
        match self {
            Contents::Memory(bytes) => Arc::new(bytes),
            Contents::Mapped(file) => Arc::new(file),
        }
    }

    /// The bytes for one owner.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        match self {
            Contents::Memory(bytes) => bytes,
            Contents::Mapped(file) => file.as_ref().to_vec(),
        }
    }
}

/// Opens an ordinary file, and tells its length. A pipe or a device, of which no end may come, is not opened, and not waited for
/// if it takes the place of a file meanwhile.
///
/// # Errors
/// Why not.
pub fn open_file(path: &Path) -> io::Result<(File, u64)> {
    ordinary(&fs::metadata(path)?)?;
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, rustix::fs::OFlags::NONBLOCK.bits() as i32);
    let file = options.open(path)?;
    let metadata = file.metadata()?;
    ordinary(&metadata)?;
    Ok((file, metadata.len()))
}

fn ordinary(metadata: &fs::Metadata) -> io::Result<()> {
    match (metadata.is_file(), metadata.is_dir()) {
        (true, _) => Ok(()),
        (false, true) => Err(ErrorKind::IsADirectory.into()),
        (false, false) => Err(io::Error::other("not an ordinary file")),
    }
}

/// How many bytes so many compressed ones may become. Files of data shrink to a tenth or so; what grows more is made to
/// fill the memory.
pub(super) fn most_decompressed(compressed: u64) -> u64 {
    const ALWAYS: u64 = 32 << 20;
    const RATIO: u64 = 200;
    compressed.saturating_mul(RATIO).max(ALWAYS)
}

fn decompressed(bytes: &[u8]) -> Result<Vec<u8>, Unopened> {
    let limit = most_decompressed(bytes.len() as u64);
    let mut rest = MultiGzDecoder::new(bytes).take(limit + 1);
    let mut all = Vec::new();
    if let Err(error) = rest.read_to_end(&mut all) {
        let problem = match error.kind() {
            ErrorKind::UnexpectedEof => "the compressed data ends in the middle".to_string(),
            _ => format!("the compressed data is damaged ({error})"),
        };
        return Err(Unopened::Compressed(format!("{problem}, after {} bytes of what it holds", all.len())));
    }
    if all.len() as u64 > limit {
        return Err(Unopened::Compressed(format!("its {} bytes hold more than {limit}", bytes.len())));
    }
    Ok(all)
}

pub(super) fn reason(kind: ErrorKind) -> String {
    match kind {
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidInput => "no such file".to_string(),
        ErrorKind::IsADirectory => "is a directory".to_string(),
        ErrorKind::PermissionDenied => "no permission to read it".to_string(),
        ErrorKind::InvalidFilename => "the name is not possible for a file".to_string(),
        ErrorKind::OutOfMemory => "too large for the memory".to_string(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn compressed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn refusal(bytes: &[u8]) -> String {
        match decompressed(bytes) {
            Err(Unopened::Compressed(problem)) => problem,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn files_without_contents_have_a_reason() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let reason = |path: &Path| Contents::read(path, true).err();
        let unreadable = |reason: &str| Some(Unopened::Unreadable(reason.to_string()));
        assert_eq!(reason(&folder.join("src")), unreadable("is a directory"));
        assert_eq!(reason(&folder.join("no/such.csv")), unreadable("no such file"));
        assert_eq!(reason(&folder.join("Cargo.toml/x.csv")), unreadable("no such file"));
        assert_eq!(reason(Path::new("a\0b")), unreadable("no such file"));
        #[cfg(unix)]
        assert_eq!(reason(Path::new("/dev/zero")), unreadable("not an ordinary file"));
    }

    #[test]
    fn compressed_data_of_several_members_is_one() {
        let both = [compressed(b"a,b\n"), compressed(b"1,2\n")].concat();
        assert_eq!(decompressed(&both), Ok(b"a,b\n1,2\n".to_vec()));
    }

    #[test]
    fn damaged_compressed_data_is_refused() {
        let whole = compressed(b"a,b\n1,2\n");
        assert_eq!(
            refusal(&whole[..whole.len() - 9]),
            "the compressed data ends in the middle, after 8 bytes of what it holds"
        );
        let mut damaged = whole.clone();
        let sum = damaged.len() - 6;
        damaged[sum] ^= 1;
        assert!(refusal(&damaged).starts_with("the compressed data is damaged"));
        let zeros = compressed(&vec![0; 40 << 20]);
        assert_eq!(refusal(&zeros), format!("its {} bytes hold more than 33554432", zeros.len()));
    }
}
