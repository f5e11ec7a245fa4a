//! Zip archives, as far as NPZ files are such: entries that are stored or deflated.
//!
//! Our own, because readers of archives in general bring in encryption, other compressions and writing. What archives
//! have more (parts over several disks, encryption, more than 65,535 entries) is refused.

use super::array::{Fault, broken, bytes_at, other_format};
use super::contents::most_decompressed;
use crate::check::raw::Bytes;
use flate2::Crc;
use flate2::read::DeflateDecoder;
use std::collections::HashSet;
use std::io::Read;
use std::ops::Range;
use std::sync::Arc;

/// An entry of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its name.
    pub name: String,
    deflated: bool,
    sum: u32,
    /// Where its bytes lie in the archive, as they are stored there.
    place: Range<usize>,
    length: usize,
}

/// The entries of an archive in the order of their names in its directory; they do not overlap.
pub(super) fn entries(all: &[u8]) -> Result<Vec<Entry>, Fault> {
    if !all.starts_with(b"PK") {
        return other_format(all, "the mark of a zip archive");
    }
    let (count, directory) = directory(all)?;
    let mut entries: Vec<Entry> = Vec::new();
    let mut names = HashSet::new();
    let mut at = directory.start;
    for _ in 0..count {
        let (entry, next) = entry(all, at, directory.clone())?;
        if !names.insert(entry.name.clone()) {
            return broken(at, format!("two entries are called `{}`", super::cell::shown(&entry.name)));
        }
        entries.push(entry);
        at = next;
    }
    if at != directory.end {
        return broken(at, "the directory of the archive is longer than its entries");
    }
    let mut places: Vec<&Range<usize>> = entries.iter().map(|entry| &entry.place).collect();
    places.sort_by_key(|place| (place.start, place.end));
    match places.windows(2).find(|pair| pair[1].start < pair[0].end) {
        Some(pair) => broken(pair[1].start, "two entries of the archive share bytes"),
        None => Ok(entries),
    }
}

/// The number of entries, and where the directory lies.
fn directory(all: &[u8]) -> Result<(usize, Range<usize>), Fault> {
    const END: usize = 22;
    let cut = || Fault::Broken(all.len(), "the archive has no directory at its end; it may be cut off".to_string());
    let last = all.len().checked_sub(END).ok_or_else(cut)?;
    let first = last.saturating_sub(usize::from(u16::MAX));
    let is_end =
        |at: &usize| all[*at..].starts_with(b"PK\x05\x06") && short(all, at + 20) == Some(all.len() - at - END);
    let at = (first..=last).rev().find(is_end).ok_or_else(cut)?;
    let field = |offset: usize| short(all, at + offset).unwrap_or_default();
    let wide = |offset: usize| long(all, at + offset).unwrap_or_default();
    let (count, size, start) = (field(8), wide(12), wide(16));
    if field(4) != 0 || field(6) != 0 || field(10) != count || count == 0xffff || start == 0xffff_ffff {
        return broken(at, "the archive has several parts or more than 65,534 entries");
    }
    match start.checked_add(size) {
        Some(end) if end == at => Ok((count, start..end)),
        _ => broken(at, "the directory of the archive is not where it should be"),
    }
}

/// The entry whose line in the directory begins at `at`, and where that line ends.
fn entry(all: &[u8], at: usize, directory: Range<usize>) -> Result<(Entry, usize), Fault> {
    const LINE: usize = 46;
    let cut = || Fault::Broken(at, "the directory of the archive ends within an entry".to_string());
    if directory.end - at < LINE {
        return Err(cut());
    }
    if !all[at..].starts_with(b"PK\x01\x02") {
        return broken(at, "the directory of the archive has something else than an entry");
    }
    let field = |offset: usize| short(all, at + offset).unwrap_or_default();
    let wide = |offset: usize| long(all, at + offset).unwrap_or_default();
    let name_end = at + LINE + field(28);
    let extra_end = name_end + field(30);
    let end = extra_end + field(32);
    if end > directory.end {
        return Err(cut());
    }
    let raw_name = &all[at + LINE..name_end];
    let Ok(name) = std::str::from_utf8(raw_name) else {
        return broken(at + LINE, "the name of an entry is not UTF-8");
    };
    let mut sizes = [wide(24), wide(20), wide(42)];
    widen(&all[name_end..extra_end], &mut sizes).ok_or_else(cut)?;
    let [length, stored, header] = sizes;
    let deflated = match (field(8) & 1, field(10)) {
        (0, 0) if stored == length => false,
        (0, 8) => true,
        (0, 0) => return broken(at, "an entry that is not compressed has two sizes"),
        (0, method) => return broken(at + 10, format!("an entry is compressed by method {method}; NPZ has 0 and 8")),
        _ => return broken(at + 8, "an entry is encrypted"),
    };
    let place = place(all, header, raw_name, stored, directory.start)?;
    let sum = wide(16) as u32;
    Ok((Entry { name: name.to_string(), deflated, sum, place, length }, end))
}

/// Where the bytes of an entry lie, whose own header is at `at`.
fn place(all: &[u8], at: usize, name: &[u8], stored: usize, limit: usize) -> Result<Range<usize>, Fault> {
    const HEADER: usize = 30;
    let there = at.checked_add(HEADER).is_some_and(|end| end <= limit) && all[at..].starts_with(b"PK\x03\x04");
    if !there {
        return broken(at.min(all.len()), "an entry of the archive is not where the directory says");
    }
    let field = |offset: usize| short(all, at + offset).unwrap_or_default();
    let name_end = at + HEADER + field(26);
    let start = name_end + field(28);
    match start.checked_add(stored) {
        Some(end) if end <= limit && all[at + HEADER..name_end] == *name => Ok(start..end),
        Some(end) if end <= limit => broken(at + HEADER, "an entry has another name than in the directory"),
        _ => broken(at, "an entry of the archive goes on into the directory"),
    }
}

/// Takes those of the sizes that are too large for 32 bits from an extra field of the directory.
fn widen(mut extra: &[u8], sizes: &mut [usize; 3]) -> Option<()> {
    let mut wanted = sizes.iter_mut().filter(|size| **size == 0xffff_ffff).peekable();
    while wanted.peek().is_some() {
        let (kind, length) = (short(extra, 0)?, short(extra, 2)?);
        let mut field = extra.get(4..4 + length)?;
        if kind == 1 {
            for size in wanted {
                *size = usize::try_from(u64::from_le_bytes(bytes_at(field, 0)?)).ok()?;
                field = &field[8..];
            }
            return Some(());
        }
        extra = &extra[4 + length..];
    }
    Some(())
}

/// The bytes of an entry: where they lie in the archive if they are stored as they are.
pub(super) fn bytes(archive: &Bytes, entry: &Entry) -> Result<(Bytes, Range<usize>), Fault> {
    let stored = &(**archive).as_ref()[entry.place.clone()];
    let name = super::cell::shown(&entry.name);
    if !entry.deflated {
        return match sum(stored) == entry.sum {
            true => Ok((archive.clone(), entry.place.clone())),
            false => broken(entry.place.start, format!("`{name}` is damaged: its checksum is another")),
        };
    }
    let limit = most_decompressed(stored.len() as u64).min(entry.length as u64);
    let mut inflated = Vec::new();
    if let Err(error) = DeflateDecoder::new(stored).take(limit + 1).read_to_end(&mut inflated) {
        return broken(entry.place.start, format!("the compressed `{name}` is damaged ({error})"));
    }
    if inflated.len() != entry.length {
        let problem = format!("the compressed `{name}` does not hold the {} bytes that it should", entry.length);
        return broken(entry.place.start, problem);
    }
    if sum(&inflated) != entry.sum {
        return broken(entry.place.start, format!("`{name}` is damaged: its checksum is another"));
    }
    let range = 0..inflated.len();
    Ok((Arc::new(inflated), range))
}

fn sum(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

fn short(bytes: &[u8], at: usize) -> Option<usize> {
    bytes_at(bytes, at).map(u16::from_le_bytes).map(usize::from)
}

fn long(bytes: &[u8], at: usize) -> Option<usize> {
    bytes_at(bytes, at).map(u32::from_le_bytes).map(|value| value as usize)
}
