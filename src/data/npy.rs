//! NPY files: a magic word, a version, a header that is written as a Python dictionary, and one array.

use super::array::{Fault, broken, bytes_at, check_bools, check_size, other_format, rows_first};
use super::npy_header::{self, Header};
use crate::check::raw::{ByteOrder, Bytes, RawElement, RawValues};
use std::ops::Range;
use std::sync::Arc;

const MAGIC: &[u8] = b"\x93NUMPY";

/// The array that lies in `range` of the bytes.
pub(super) fn read(bytes: &Bytes, range: Range<usize>) -> Result<RawValues, Fault> {
    let all = &(**bytes).as_ref()[range.clone()];
    let (header, data) = header(all)?;
    let (element, order) = element(&header)?;
    let (rows, entry) = rows_first(&header.shape, header.shape_at)?;
    check_size(&header.shape, element.bytes(), data, all.len())?;
    if element == RawElement::Bool {
        check_bools(&all[data..], data)?;
    }
    let (bytes, start) = if header.columns_first && header.shape.len() > 1 {
        let rows_leading: Bytes = Arc::new(transposed(&all[data..], &header.shape, element.bytes()));
        (rows_leading, 0)
    } else {
        (bytes.clone(), range.start + data)
    };
    match RawValues::new(element, order, (rows, entry), bytes, start) {
        Some(values) => Ok(values),
        None => broken(data, "the array does not fit the file"),
    }
}

/// The header, and where the array begins.
fn header(all: &[u8]) -> Result<(Header, usize), Fault> {
    if !all.starts_with(MAGIC) {
        return other_format(all, "the magic word of NPY");
    }
    let cut = |what: &str| broken(all.len(), format!("the file ends within {what}"));
    let (start, length) = match bytes_at::<2>(all, 6) {
        Some([1, 0]) => (10, bytes_at(all, 8).map(u16::from_le_bytes).map(usize::from)),
        Some([2 | 3, 0]) => (12, bytes_at(all, 8).map(u32::from_le_bytes).map(|length| length as usize)),
        Some([major, minor]) => return broken(6, format!("version {major}.{minor} of NPY is not known")),
        None => return cut("its version"),
    };
    let Some(length) = length else { return cut("the length of its header") };
    let Some(text) = all.get(start..start + length) else {
        return broken(8, format!("the header has {length} bytes by its length, but the file ends before"));
    };
    let mut header = npy_header::parse(text).map_err(|fault| fault.after(start))?;
    header.descr_at += start;
    header.shape_at += start;
    Ok((header, start + length))
}

/// What `descr` says: the order of bytes, the kind of number and its size.
fn element(header: &Header) -> Result<(RawElement, ByteOrder), Fault> {
    let descr = header.descr.as_str();
    let (order, kind) = match descr.as_bytes().first() {
        Some(b'<') => (Some(ByteOrder::Little), &descr[1..]),
        Some(b'>') => (Some(ByteOrder::Big), &descr[1..]),
        Some(b'|') => (None, &descr[1..]),
        _ => (None, descr),
    };
    let element = match kind {
        "b1" => RawElement::Bool,
        "u1" => RawElement::U8,
        "i1" => RawElement::I8,
        "u2" => RawElement::U16,
        "i2" => RawElement::I16,
        "u4" => RawElement::U32,
        "i4" => RawElement::I32,
        "u8" => RawElement::U64,
        "i8" => RawElement::I64,
        "f2" => RawElement::F16,
        "f4" => RawElement::F32,
        "f8" => RawElement::F64,
        _ => return Err(Fault::NoNumbers(format!("{}, by the type at byte {}", described(descr), header.descr_at))),
    };
    match order {
        Some(order) => Ok((element, order)),
        None if element.bytes() == 1 => Ok((element, ByteOrder::NATIVE)),
        None => broken(header.descr_at, format!("the type '{}' does not say the order of its bytes", shown(descr))),
    }
}

/// An element type that is none of ours.
fn described(descr: &str) -> String {
    let what = match descr.trim_start_matches(['<', '>', '|', '=']).as_bytes().first() {
        Some(b'O') => "Python objects",
        Some(b'V') => "records or raw bytes",
        Some(b'S' | b'a' | b'U') => "text",
        Some(b'c') => "complex numbers",
        Some(b'M' | b'm') => "times",
        Some(b'[') => "records",
        _ => "elements of an unknown type",
    };
    format!("{what} (`{}`)", shown(descr))
}

fn shown(text: &str) -> String {
    super::cell::shown(text)
}

/// The elements in row-major order, from an array whose first axis varies fastest.
fn transposed(from: &[u8], shape: &[usize], element: usize) -> Vec<u8> {
    let mut strides = Vec::with_capacity(shape.len());
    let mut stride = element;
    for size in shape {
        strides.push(stride);
        stride *= size;
    }
    let mut to = Vec::with_capacity(from.len());
    let mut index = vec![0; shape.len()];
    let mut place = 0;
    while to.len() < from.len() {
        to.extend_from_slice(&from[place..place + element]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            place += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            place -= strides[axis] * shape[axis];
            index[axis] = 0;
        }
    }
    to
}
