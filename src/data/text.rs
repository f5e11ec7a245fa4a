//! From the bytes of a file to its text.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// Why there is no text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoText {
    /// The file cannot be read, for this reason.
    Unreadable(String),
    /// The file is no UTF-8 text; this is what it looks like, and where.
    NotText(String),
}

/// The text of a file, without a byte order mark.
pub(super) fn read(path: &Path) -> Result<String, NoText> {
    let unreadable = |error: std::io::Error| NoText::Unreadable(reason(error.kind()));
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(NoText::Unreadable(reason(ErrorKind::IsADirectory)));
    }
    // A pipe or a device may never end.
    if !metadata.is_file() {
        return Err(NoText::Unreadable("not an ordinary file".to_string()));
    }
    decode(fs::read(path).map_err(unreadable)?)
}

fn reason(kind: ErrorKind) -> String {
    match kind {
        ErrorKind::NotFound | ErrorKind::NotADirectory | ErrorKind::InvalidInput => "no such file".to_string(),
        ErrorKind::IsADirectory => "is a directory".to_string(),
        ErrorKind::PermissionDenied => "no permission to read it".to_string(),
        ErrorKind::InvalidFilename => "the name is not possible for a file".to_string(),
        ErrorKind::OutOfMemory => "too large for the memory".to_string(),
        other => other.to_string(),
    }
}

/// The bytes as text, without a byte order mark.
fn decode(bytes: Vec<u8>) -> Result<String, NoText> {
    if let Some(format) = other_format(&bytes) {
        return Err(NoText::NotText(format.to_string()));
    }
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let line = line_of(bytes, at);
        NoText::NotText(format!("byte {at} (0x{:02X}, in line {line}) is not UTF-8", bytes.get(at).unwrap_or(&0)))
    })?;
    if let Some(at) = text.find('\0') {
        let line = line_of(text.as_bytes(), at);
        return Err(NoText::NotText(format!("byte {at} (in line {line}) is zero, as in binary files")));
    }
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}

/// What the first bytes say that the file is, if not plain text.
fn other_format(bytes: &[u8]) -> Option<&'static str> {
    const FORMATS: [(&[u8], &str); 7] = [
        (b"\x1f\x8b", "it looks compressed with gzip"),
        (b"PK\x03\x04", "it looks like a zip archive or a spreadsheet"),
        (b"BZh", "it looks compressed with bzip2"),
        (b"\xfd7zXZ\0", "it looks compressed with xz"),
        (b"\x28\xb5\x2f\xfd", "it looks compressed with zstd"),
        (b"\xff\xfe", "it looks encoded in UTF-16"),
        (b"\xfe\xff", "it looks encoded in UTF-16"),
    ];
    // `BZh` alone may be a column name: compressed files go on with bytes that are no text.
    let is_text = || std::str::from_utf8(bytes).is_ok_and(|text| !text.contains('\0'));
    let (_, format) = FORMATS.iter().find(|(start, _)| bytes.starts_with(start))?;
    (!is_text()).then_some(format)
}

fn line_of(bytes: &[u8], at: usize) -> usize {
    bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(bytes: &[u8]) -> String {
        match decode(bytes.to_vec()) {
            Err(NoText::NotText(what)) => what,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn text_loses_its_byte_order_mark() {
        assert_eq!(decode(b"\xef\xbb\xbfa,b\n".to_vec()), Ok("a,b\n".to_string()));
        assert_eq!(decode(b"BZh,b\n".to_vec()), Ok("BZh,b\n".to_string()));
    }

    #[test]
    fn other_files_are_named_for_what_they_look_like() {
        assert_eq!(refusal(b"\x1f\x8b\x08\0"), "it looks compressed with gzip");
        assert_eq!(refusal(b"PK\x03\x04\0\0"), "it looks like a zip archive or a spreadsheet");
        assert_eq!(refusal(b"\xff\xfea\0"), "it looks encoded in UTF-16");
        assert_eq!(refusal(b"a,b\n1,\xc0\xb2\n"), "byte 6 (0xC0, in line 2) is not UTF-8");
        assert_eq!(refusal(b"a\0,\0"), "byte 1 (in line 1) is zero, as in binary files");
    }

    #[test]
    fn unreadable_files_have_a_reason() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let unreadable = |reason: &str| Err(NoText::Unreadable(reason.to_string()));
        assert_eq!(read(&folder.join("src")), unreadable("is a directory"));
        assert_eq!(read(&folder.join("no/such.csv")), unreadable("no such file"));
        assert_eq!(read(&folder.join("Cargo.toml/x.csv")), unreadable("no such file"));
        assert_eq!(read(Path::new("a\0b")), unreadable("no such file"));
        #[cfg(unix)]
        assert_eq!(read(Path::new("/dev/zero")), unreadable("not an ordinary file"));
    }
}
