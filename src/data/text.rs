//! From the bytes of a file to its text.

use super::array::looks_like;

/// The bytes as text, without a byte order mark.
///
/// # Errors
/// What the bytes look like instead, or where they stop being text.
pub(super) fn decode(bytes: Vec<u8>) -> Result<String, String> {
    if let Some(format) = other_format(&bytes) {
        return Err(format!("byte 0 and on: {format}"));
    }
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let line = line_of(bytes, at);
        format!("byte {at} (0x{:02X}, in line {line}) is not UTF-8", bytes.get(at).unwrap_or(&0))
    })?;
    if let Some(at) = text.find('\0') {
        let line = line_of(text.as_bytes(), at);
        return Err(format!("byte {at} (in line {line}) is zero, as in binary files"));
    }
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}

/// What the first bytes say that the file is, if not plain text.
fn other_format(bytes: &[u8]) -> Option<&'static str> {
    // Marks of letters alone may begin a column name: files of those formats go on with bytes that are no text.
    let is_text = || std::str::from_utf8(bytes).is_ok_and(|text| !text.contains('\0'));
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") {
        return Some("it looks encoded in UTF-16");
    }
    looks_like(bytes).filter(|_| !is_text())
}

fn line_of(bytes: &[u8], at: usize) -> usize {
    bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(bytes: &[u8]) -> String {
        decode(bytes.to_vec()).unwrap_err()
    }

    #[test]
    fn text_loses_its_byte_order_mark() {
        assert_eq!(decode(b"\xef\xbb\xbfa,b\n".to_vec()), Ok("a,b\n".to_string()));
        assert_eq!(decode(b"BZh,b\n".to_vec()), Ok("BZh,b\n".to_string()));
    }

    #[test]
    fn other_files_are_named_for_what_they_look_like() {
        assert!(refusal(b"\x1f\x8b\x08\0").starts_with("byte 0 and on: it looks compressed with gzip"));
        assert!(refusal(b"PK\x03\x04\0\0").starts_with("byte 0 and on: it looks like a zip archive"));
        assert_eq!(refusal(b"\xff\xfea\0"), "byte 0 and on: it looks encoded in UTF-16");
        assert_eq!(refusal(b"a,b\n1,\xc0\xb2\n"), "byte 6 (0xC0, in line 2) is not UTF-8");
        assert_eq!(refusal(b"a\0,\0"), "byte 1 (in line 1) is zero, as in binary files");
    }
}
