//! Tensors with names, as safetensors files hold them.

use super::whole::write_whole;
use crate::data::{Stored, open_file};
use crate::ir::{ElementType, Shape, Table, TensorType};
use safetensors::tensor::Dtype;
use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{self, Read};
use std::path::Path;

/// The one entry of the metadata that is ours. A file has no other, so that its bytes follow from its content.
const NOTE: &str = "ndc";
/// The name of [`Tensors::state`].
const STATE: &str = "/run";
/// The name of the note as bytes, where it is too long for the header of the file.
const LONG_NOTE: &str = "/note";
/// The longest note in a header: the format bounds it, and everybody who opens the file reads it.
const LONGEST_NOTE: usize = 8 << 20;

/// Tensors with names, and a note about them.
#[derive(Clone, Debug, Default)]
pub struct Tensors {
    /// Names and values, in the order of the names.
    entries: Vec<(String, Table)>,
    /// Names of tensors whose elements are of a type that nd does not read, with that type.
    unreadable: Vec<(String, String)>,
    /// What ndc wrote beside them.
    pub note: Option<String>,
    /// Bytes that only ndc understands.
    pub state: Option<Vec<u8>>,
}

/// Why there are no tensors.
#[derive(Debug)]
pub enum ReadError {
    /// The file cannot be read.
    File(io::Error),
    /// It is not a safetensors file, or not a whole one.
    Format(String),
}

impl Tensors {
    /// Tensors of these names.
    pub fn new(mut entries: Vec<(String, Table)>, note: Option<String>) -> Self {
        entries.sort_by(|(left, _), (right, _)| left.cmp(right));
        Tensors { entries, note, ..Tensors::default() }
    }

    /// The tensor of a name.
    pub fn get(&self, name: &str) -> Option<&Table> {
        let place = self.entries.binary_search_by(|(each, _)| each.as_str().cmp(name)).ok()?;
        Some(&self.entries[place].1)
    }

    /// The element type of a tensor that cannot be read.
    pub fn unreadable(&self, name: &str) -> Option<&str> {
        self.unreadable.iter().find(|(each, _)| each == name).map(|(_, element)| element.as_str())
    }

    /// All names, those of tensors that cannot be read too.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(name, _)| name.as_str()).chain(self.unreadable.iter().map(|(name, _)| name.as_str()))
    }

    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, or is no whole safetensors file.
    pub fn read(path: &Path) -> Result<Self, ReadError> {
        let (mut file, _) = open_file(path).map_err(ReadError::File)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(ReadError::File)?;
        Self::from_bytes(&bytes)
    }

    /// The tensors in the bytes of a file.
    ///
    /// # Errors
    /// When they are no whole safetensors file.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ReadError> {
        let stored = Stored::read(bytes).map_err(ReadError::Format)?;
        let mut tensors = Tensors::new(Vec::new(), stored.metadata.get(NOTE).cloned());
        for tensor in stored.tensors {
            let data = &bytes[tensor.place];
            match values(&tensor.element, data) {
                _ if tensor.name == STATE && tensor.element == "U8" => tensors.state = Some(data.to_vec()),
                _ if tensor.name == LONG_NOTE && tensor.element == "U8" => {
                    tensors.note = String::from_utf8(data.to_vec()).ok();
                }
                None => tensors.unreadable.push((tensor.name, tensor.element)),
                Some((element, bits)) => {
                    let ty = TensorType::new(element, Shape::new(&tensor.shape));
                    tensors.entries.push((tensor.name, Table { ty, bits }));
                }
            }
        }
        tensors.entries.sort_by(|(left, _), (right, _)| left.cmp(right));
        tensors.unreadable.sort();
        Ok(tensors)
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// Names that cannot be told apart.
    pub fn to_bytes(&self) -> io::Result<Vec<u8>> {
        let is_long = self.note.as_ref().is_some_and(|note| note.len() > LONGEST_NOTE);
        let long = self.note.as_ref().filter(|_| is_long).map(String::as_bytes);
        let note = self.note.clone().filter(|_| !is_long).map(|note| HashMap::from([(NOTE.to_string(), note)]));
        let tables = self.entries.iter().map(|(name, table)| (name.as_str(), View::Table(table)));
        let views = tables.chain(self.state.iter().map(|state| (STATE, View::Bytes(state, [state.len()]))));
        let views = views.chain(long.iter().map(|note| (LONG_NOTE, View::Bytes(note, [note.len()]))));
        safetensors::serialize(views, note).map_err(io::Error::other)
    }

    /// Writes a file as a whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written; a file that was there is then as it was.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        write_whole(path, &self.to_bytes()?)
    }
}

/// A table or bytes as the library sees them.
enum View<'t> {
    Table(&'t Table),
    /// With their number, which is the shape.
    Bytes(&'t [u8], [usize; 1]),
}

impl safetensors::View for View<'_> {
    fn dtype(&self) -> Dtype {
        match self {
            View::Bytes(..) => Dtype::U8,
            View::Table(table) => match table.ty.element {
                ElementType::F32 => Dtype::F32,
                ElementType::F64 => Dtype::F64,
                ElementType::I64 => Dtype::I64,
                ElementType::Bool => Dtype::BOOL,
            },
        }
    }

    fn shape(&self) -> &[usize] {
        match self {
            View::Table(table) => table.ty.shape.sizes(),
            View::Bytes(_, shape) => shape,
        }
    }

    fn data(&self) -> Cow<'_, [u8]> {
        match self {
            View::Table(table) => {
                let size = table.ty.element.bytes();
                table.bits.iter().flat_map(|word| word.to_le_bytes().into_iter().take(size)).collect()
            }
            View::Bytes(bytes, _) => Cow::Borrowed(bytes),
        }
    }

    fn data_len(&self) -> usize {
        match self {
            View::Table(table) => table.bits.len() * table.ty.element.bytes(),
            View::Bytes(bytes, _) => bytes.len(),
        }
    }
}

/// The values of a tensor of a file: its own where nd has such elements, else those of the nearest wider type.
fn values(element: &str, data: &[u8]) -> Option<(ElementType, Vec<u64>)> {
    Some(match element {
        "F64" => (ElementType::F64, words(data, u64::from_le_bytes)),
        "F32" => (ElementType::F32, words(data, |bytes| u64::from(u32::from_le_bytes(bytes)))),
        "F16" => (ElementType::F32, words(data, |bytes| u64::from(half(u16::from_le_bytes(bytes)).to_bits()))),
        "BF16" => (ElementType::F32, words(data, |bytes| u64::from(u16::from_le_bytes(bytes)) << 16)),
        "BOOL" => (ElementType::Bool, data.iter().map(|byte| u64::from(*byte)).collect()),
        "I64" => (ElementType::I64, words(data, u64::from_le_bytes)),
        "I32" => (ElementType::I64, words(data, |bytes| i64::from(i32::from_le_bytes(bytes)) as u64)),
        "I16" => (ElementType::I64, words(data, |bytes| i64::from(i16::from_le_bytes(bytes)) as u64)),
        "I8" => (ElementType::I64, words(data, |bytes| i64::from(i8::from_le_bytes(bytes)) as u64)),
        "U32" => (ElementType::I64, words(data, |bytes| u64::from(u32::from_le_bytes(bytes)))),
        "U16" => (ElementType::I64, words(data, |bytes| u64::from(u16::from_le_bytes(bytes)))),
        "U8" => (ElementType::I64, data.iter().map(|byte| u64::from(*byte)).collect()),
        _ => return None,
    })
}

fn words<const SIZE: usize>(data: &[u8], word: impl Fn([u8; SIZE]) -> u64) -> Vec<u64> {
    let (whole, _) = data.as_chunks::<SIZE>();
    whole.iter().map(|bytes| word(*bytes)).collect()
}

/// A number of 16 bits (IEEE 754) as one of 32, which holds each of them.
fn half(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let (exponent, fraction) = (u32::from(bits >> 10 & 0x1f), u32::from(bits & 0x3ff));
    match exponent {
        0 => {
            let smallest = f32::from_bits((127 - 24) << 23);
            f32::from_bits(sign | (fraction as f32 * smallest).to_bits())
        }
        0x1f => f32::from_bits(sign | 0x7f80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 127 - 15) << 23 | fraction << 13),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Tensors {
        let table =
            |element, sizes: &[usize], bits: Vec<u64>| Table { ty: TensorType::new(element, Shape::new(sizes)), bits };
        let entries = vec![
            ("w".to_string(), table(ElementType::F64, &[2, 1], vec![(-0.0f64).to_bits(), f64::NAN.to_bits()])),
            ("a".to_string(), table(ElementType::Bool, &[3], vec![1, 0, 1])),
            ("n".to_string(), table(ElementType::I64, &[], vec![-5i64 as u64])),
            ("b.0".to_string(), table(ElementType::F32, &[0], vec![])),
        ];
        Tensors::new(entries, Some("{\"step\": 3}".to_string()))
    }

    #[test]
    fn what_is_written_is_read_bit_by_bit() {
        let written = some();
        let bytes = written.to_bytes().unwrap_or_default();
        assert_eq!(bytes, some().to_bytes().unwrap_or_default(), "the bytes follow from the content");
        let Ok(read) = Tensors::from_bytes(&bytes) else { panic!("cannot read it again") };
        assert_eq!(read.note, written.note);
        for (name, table) in &written.entries {
            let found = read.get(name).map(|found| (&found.ty, &found.bits));
            assert_eq!(found, Some((&table.ty, &table.bits)), "{name}");
        }
    }

    #[test]
    fn a_long_note_is_no_part_of_the_header() {
        let note = "é".repeat(LONGEST_NOTE / 2) + "!";
        let bytes = Tensors::new(Vec::new(), Some(note.clone())).to_bytes().unwrap_or_default();
        let Ok(read) = Tensors::from_bytes(&bytes) else { panic!("cannot read it again") };
        assert!(u64::from_le_bytes(bytes[..8].try_into().unwrap_or_default()) < 1000, "the header is short");
        assert_eq!((&read.note, read.names().count()), (&Some(note), 0));
    }

    #[test]
    fn any_part_of_a_file_is_refused() {
        let bytes = some().to_bytes().unwrap_or_default();
        for length in 0..bytes.len() {
            assert!(Tensors::from_bytes(&bytes[..length]).is_err(), "{length} of {} bytes", bytes.len());
        }
    }

    #[test]
    fn numbers_of_16_bits_are_read_exactly() {
        let cases: [(u16, f32); 7] = [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0001, 5.960_464_5e-8),
            (0x03ff, 6.097_555e-5),
            (0x8000, -0.0),
            (0x7c00, f32::INFINITY),
        ];
        for (bits, value) in cases {
            assert_eq!(half(bits).to_bits(), value.to_bits(), "{bits:x}");
        }
        assert!(half(0x7e00).is_nan());
    }
}
