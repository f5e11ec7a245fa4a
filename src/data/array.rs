//! What readers of binary files have in common: what is wrong with a file and where, and looks at bytes that may end.

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The bytes from this one on are not what the format asks for; a sentence about them.
    Broken(usize, String),
    /// A sound file with other things than numbers, which are named.
    NoNumbers(String),
}

impl Fault {
    /// The fault, in a file that has the bytes from `start` on.
    pub(super) fn after(self, start: usize) -> Self {
        match self {
            Fault::Broken(at, problem) => Fault::Broken(at + start, problem),
            other => other,
        }
    }
}

/// A fault of the format at a byte.
pub(super) fn broken<T>(at: usize, problem: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::Broken(at, problem.into()))
}

/// The most axes of an array, rows included.
const MOST_AXES: usize = 8;

/// Rows and the shape of an entry. An array without axes is one row.
pub(super) fn rows_first(shape: &[usize], at: usize) -> Result<(usize, &[usize]), Fault> {
    if shape.len() > MOST_AXES {
        return broken(at, format!("the array has {} axes, more than {MOST_AXES}", shape.len()));
    }
    Ok(shape.split_first().map_or((1, &[]), |(rows, entry)| (*rows, entry)))
}

/// The bytes that an array takes; `None` if a computer has no number for it.
pub(super) fn size_of(shape: &[usize], element: usize) -> Option<usize> {
    let sizes = || shape.iter().copied();
    // Without elements too, the parts of an array have sizes.
    let largest = sizes().filter(|size| *size > 0).try_fold(element, usize::checked_mul)?;
    Some(if sizes().any(|size| size == 0) { 0 } else { largest })
}

/// Compares the bytes that an array takes with those that the file has for it, from `at` to `end`.
pub(super) fn check_size(shape: &[usize], element: usize, at: usize, end: usize) -> Result<(), Fault> {
    let there = end.saturating_sub(at);
    match size_of(shape, element) {
        Some(size) if size == there => Ok(()),
        Some(size) if size < there => broken(
            at + size,
            format!("the array of shape {} ends {} before the file", shown(shape), bytes(there - size)),
        ),
        Some(size) => broken(
            end,
            format!("an array of shape {} takes {}, but the file ends after {there}", shown(shape), bytes(size)),
        ),
        None => broken(at, format!("the shape {} is larger than any memory", shown(shape))),
    }
}

/// A number of bytes as messages show it.
pub(super) fn bytes(count: usize) -> String {
    if count == 1 { "1 byte".to_string() } else { format!("{count} bytes") }
}

/// A shape as messages show it.
pub(super) fn shown(shape: &[usize]) -> String {
    let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
    format!("[{}]", sizes.join(", "))
}

/// The bytes from `at` on.
pub(super) fn bytes_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// Whether all bytes of truth values are 0 or 1; else the place of the first that is not.
pub(super) fn check_bools(bytes: &[u8], start: usize) -> Result<(), Fault> {
    match bytes.iter().position(|byte| *byte > 1) {
        Some(place) => broken(start + place, format!("a truth value is {}, not 0 or 1", bytes[place])),
        None => Ok(()),
    }
}

/// What the first bytes say that a file is, for a reader that expected something else.
pub(super) fn looks_like(bytes: &[u8]) -> Option<&'static str> {
    const STARTS: [(&[u8], &str); 7] = [
        (super::contents::GZIP, "it looks compressed with gzip: unpack it, or give it a name that ends in .gz"),
        (b"PK\x03\x04", "it looks like a zip archive, as NPZ files and spreadsheets are"),
        (b"\x93NUMPY", "it looks like an NPY file"),
        (b"BZh", "it looks compressed with bzip2"),
        (b"\xfd7zXZ\0", "it looks compressed with xz"),
        (b"\x28\xb5\x2f\xfd", "it looks compressed with zstd"),
        (b"\x89HDF\r\n", "it looks like an HDF5 file"),
    ];
    let known = STARTS.iter().find(|(start, _)| bytes.starts_with(start)).map(|(_, what)| *what);
    let first = &bytes[..bytes.len().min(256)];
    let is_text = || !first.is_empty() && first.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t'));
    known.or_else(|| is_text().then_some("it looks like text"))
}

/// The problem of a file that does not begin as its format does.
pub(super) fn other_format<T>(bytes: &[u8], expected: &str) -> Result<T, Fault> {
    match looks_like(bytes) {
        _ if bytes.is_empty() => broken(0, "the file is empty"),
        Some(what) => broken(0, format!("the file does not begin with {expected}; {what}")),
        None => broken(0, format!("the file does not begin with {expected}")),
    }
}
