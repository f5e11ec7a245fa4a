//! Safetensors files: the length of a header in 8 bytes, the header as JSON with name, type, shape and place of each
//! tensor, the tensors.
//!
//! Stricter than the crate of that name, which takes the last of two tensors of one name and blanks before the header. What `load`
//! reads comes through here too, as [`Stored`].

use super::array::{Fault, broken, bytes as bytes_of, bytes_at, check_bools, other_format, rows_first, shown, size_of};
use super::cell;
use crate::check::raw::{ByteOrder, Bytes, RawElement, RawValues};
use serde::Deserialize;
use serde::de::{Error, MapAccess, Visitor};
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::ops::Range;

/// Where the header begins.
const HEADER: usize = 8;

/// The longest header; the format's own limit.
const LONGEST_HEADER: u64 = 100_000_000;

/// A tensor's values, or what it holds instead of numbers.
pub(super) type Named = (String, Result<RawValues, String>);

/// A tensor as a file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// The name of the type of its elements: `F64`, `U8`.
    pub element: String,
    /// Its shape.
    pub shape: Vec<usize>,
    /// The place of its elements in the file, which are as many as its type and shape say.
    pub place: Range<usize>,
}

/// What a file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The tensors, in the order of their elements.
    pub tensors: Vec<Tensor>,
    /// Texts by their names.
    pub metadata: BTreeMap<String, String>,
}

impl Stored {
    /// What the bytes of a file hold.
    ///
    /// # Errors
    /// Where they are not as the format asks, as a sentence.
    pub fn read(all: &[u8]) -> Result<Self, String> {
        stored(all).map_err(|fault| match fault {
            Fault::Broken(at, problem) => format!("byte {at}: {problem}"),
            Fault::NoNumbers(what) => what,
        })
    }
}

/// The tensors of a file as columns, in the order of their data.
pub(super) fn read(bytes: &Bytes) -> Result<Vec<Named>, Fault> {
    let Stored { tensors, .. } = stored((**bytes).as_ref())?;
    tensors.into_iter().map(|tensor| Ok((tensor.name.clone(), values(bytes, &tensor)?))).collect()
}

fn stored(all: &[u8]) -> Result<Stored, Fault> {
    let data = header_end(all)?;
    let Header { mut entries, metadata } =
        serde_json::from_slice(&all[HEADER..data]).map_err(|error| unreadable(all, &error))?;
    entries.sort_by_key(|(_, entry)| entry.data_offsets);
    let mut end = 0;
    let mut tensors = Vec::with_capacity(entries.len());
    for (name, entry) in entries {
        let place = checked(all, data, end, (&name, &entry))?;
        end = entry.data_offsets.1;
        tensors.push(Tensor { name, element: entry.dtype, shape: entry.shape, place });
    }
    match all.len() - data {
        length if length > end => {
            broken(data + end, format!("the tensors end {} before the file", bytes_of(length - end)))
        }
        _ => Ok(Stored { tensors, metadata }),
    }
}

fn header_end(all: &[u8]) -> Result<usize, Fault> {
    if super::array::looks_like(all).is_some() {
        return other_format(all, "the length of a header");
    }
    let Some(length) = bytes_at(all, 0).map(u64::from_le_bytes) else {
        return match all.len() {
            0 => broken(0, "the file is empty"),
            length => broken(length, "the file ends within the length of its header"),
        };
    };
    if length > LONGEST_HEADER || length > (all.len() - HEADER) as u64 {
        let there = all.len() - HEADER;
        return broken(0, format!("the header has {length} bytes by its length, but {there} follow"));
    }
    if all.get(HEADER) != Some(&b'{') || length == 0 {
        return broken(HEADER, "the header does not begin with `{`");
    }
    Ok(HEADER + length as usize)
}

/// The header is not as it should be; at the byte that the reader of JSON counts by line and column.
fn unreadable(all: &[u8], error: &serde_json::Error) -> Fault {
    let header = &all[HEADER..];
    let lines = header.split_inclusive(|byte| *byte == b'\n').take(error.line().saturating_sub(1));
    let at = HEADER + lines.map(<[u8]>::len).sum::<usize>() + error.column().saturating_sub(1);
    let text = error.to_string();
    let problem = text.rsplit_once(" at line ").map_or(text.as_str(), |(problem, _)| problem);
    Fault::Broken(at, format!("the header is not as it should be: {}", cell::shown(problem)))
}

/// The place of a tensor's elements, which begin where those before end.
fn checked(all: &[u8], data: usize, end: usize, (name, entry): (&str, &Entry)) -> Result<Range<usize>, Fault> {
    let name = cell::shown(name);
    let (start, stop) = entry.data_offsets;
    if start != end || stop < start {
        let problem = format!("the data of `{name}` are from {start} to {stop}, where those before end at {end}");
        return broken(HEADER, problem);
    }
    if stop > all.len() - data {
        return broken(all.len(), format!("the file ends within the data of `{name}`"));
    }
    let (element, bits) = element_of(&entry.dtype).ok_or_else(|| {
        Fault::Broken(HEADER, format!("`{name}` has the unknown type `{}`", cell::shown(&entry.dtype)))
    })?;
    let Some(whole_bits) = size_of(&entry.shape, bits) else {
        return broken(HEADER, format!("the shape {} of `{name}` is larger than any memory", shown(&entry.shape)));
    };
    if whole_bits.div_ceil(8) != stop - start {
        let problem = format!("`{name}` of shape {} has {} bytes of data", shown(&entry.shape), stop - start);
        return broken(data + start, format!("{problem}, but its type and shape take {}", whole_bits.div_ceil(8)));
    }
    let place = data + start..data + stop;
    if element == Some(RawElement::Bool) {
        check_bools(&all[place.clone()], place.start)?;
    }
    Ok(place)
}

/// The values of a tensor, if nd has such numbers.
fn values(bytes: &Bytes, tensor: &Tensor) -> Result<Result<RawValues, String>, Fault> {
    let Some((Some(element), _)) = element_of(&tensor.element) else {
        return Ok(Err(format!("numbers of a kind that nd does not have (`{}`)", tensor.element)));
    };
    let (rows, entry) = rows_first(&tensor.shape, HEADER)?;
    match RawValues::new(element, ByteOrder::Little, (rows, entry), bytes.clone(), tensor.place.start) {
        Some(values) => Ok(Ok(values)),
        None => broken(tensor.place.start, format!("the data of `{}` do not fit the file", cell::shown(&tensor.name))),
    }
}

/// The element type of a name, if it is one of ours, and its size in bits.
fn element_of(dtype: &str) -> Option<(Option<RawElement>, usize)> {
    let element = match dtype {
        "BOOL" => RawElement::Bool,
        "U8" => RawElement::U8,
        "I8" => RawElement::I8,
        "U16" => RawElement::U16,
        "I16" => RawElement::I16,
        "F16" => RawElement::F16,
        "BF16" => RawElement::BF16,
        "U32" => RawElement::U32,
        "I32" => RawElement::I32,
        "F32" => RawElement::F32,
        "U64" => RawElement::U64,
        "I64" => RawElement::I64,
        "F64" => RawElement::F64,
        "F4" => return Some((None, 4)),
        "F6_E2M3" | "F6_E3M2" => return Some((None, 6)),
        "F8_E5M2" | "F8_E4M3" | "F8_E8M0" | "F8_E5M2FNUZ" | "F8_E4M3FNUZ" => return Some((None, 8)),
        "C64" => return Some((None, 64)),
        _ => return None,
    };
    Some((Some(element), 8 * element.bytes()))
}

/// What the header says of a tensor.
#[derive(Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<usize>,
    data_offsets: (usize, usize),
}

/// The tensors of a header in its order, no two of one name.
struct Header {
    entries: Vec<(String, Entry)>,
    metadata: BTreeMap<String, String>,
}

impl<'de> Deserialize<'de> for Header {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the tensors by name")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Header, A::Error> {
        let mut header = Header { entries: Vec::new(), metadata: BTreeMap::new() };
        let mut seen = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if !seen.insert(name.clone()) {
                return Err(A::Error::custom(format!("two entries are called `{name}`")));
            }
            if name == "__metadata__" {
                header.metadata = map.next_value()?;
            } else {
                header.entries.push((name, map.next_value()?));
            }
        }
        Ok(header)
    }
}
