//! Which format a file has, for commands that are given a file and nothing else.

use super::contents::Contents;
use crate::check::table::Format;
use std::path::Path;

/// The format of a data file: by its name (with or without `.gz`), else by its first bytes, else text.
pub fn format_of(path: &Path) -> Format {
    by_name(path).or_else(|| by_content(path)).unwrap_or(Format::Csv { delimiter: None })
}

fn by_name(path: &Path) -> Option<Format> {
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let ends: [(&[&str], Format); 5] = [
        (&[".csv", ".tsv", ".txt"], Format::Csv { delimiter: None }),
        (&[".npy"], Format::Npy),
        (&[".npz"], Format::Npz),
        (&[".idx", "-ubyte"], Format::Idx),
        (&[".safetensors"], Format::Safetensors),
    ];
    let named = ends.into_iter().find(|(ends, _)| ends.iter().any(|end| name.ends_with(end)));
    // `idx3-ubyte`, `idx1-float` and the like: the axes and the type of the elements.
    let is_idx = || name.rsplit('.').next().is_some_and(|end| end.starts_with("idx"));
    named.map(|(_, format)| format).or_else(|| is_idx().then_some(Format::Idx))
}

fn by_content(path: &Path) -> Option<Format> {
    let contents = Contents::read(path, true).ok()?;
    match contents.as_ref() {
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => Some(Format::Npy),
        [b'P', b'K', 3, 4, ..] => Some(Format::Npz),
        [0, 0, 8..=14, 1..=255, ..] => Some(Format::Idx),
        [_, _, _, _, 0, 0, 0, 0, b'{', ..] => Some(Format::Safetensors),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_the_format() {
        let cases = [
            ("a/b.csv", "csv"),
            ("B.TSV", "csv"),
            ("x.csv.gz", "csv"),
            ("x.npy", "npy"),
            ("x.npz", "npz"),
            ("x.idx.gz", "idx"),
            ("train-images-idx3-ubyte.gz", "idx"),
            ("l.idx1-byte", "idx"),
            ("w.safetensors", "safetensors"),
            ("no/such/file", "csv"),
        ];
        for (path, name) in cases {
            assert_eq!(format_of(Path::new(path)).name(), name, "{path}");
        }
    }
}
