//! IDX files, the format of MNIST: two zero bytes, the element type, the number of axes, the sizes of the axes as 32-bit
//! numbers, the elements; highest bytes first.

use super::array::{Fault, broken, bytes_at, check_size, other_format, rows_first};
use crate::check::raw::{ByteOrder, Bytes, RawElement, RawValues};

/// The array of a file.
pub(super) fn read(bytes: &Bytes) -> Result<RawValues, Fault> {
    let all = (**bytes).as_ref();
    let (element, axes) = match bytes_at::<4>(all, 0) {
        Some([0, 0, element, axes]) => (element, usize::from(axes)),
        Some([1..=8, 8..=14, 0, 0]) => {
            return broken(0, "the numbers of the header have their lowest bytes first, but IDX has the highest first");
        }
        _ => return other_format(all, "two zero bytes, a type and a number of axes"),
    };
    let Some(element) = element_of(element) else {
        return broken(2, format!("0x{element:02X} is no element type of IDX"));
    };
    if axes == 0 {
        return broken(3, "the array has no axes");
    }
    let data = 4 + 4 * axes;
    if data > all.len() {
        return broken(all.len(), format!("the file ends within the sizes of its {axes} axes"));
    }
    let sizes = all[4..data].as_chunks::<4>().0.iter();
    let shape: Vec<usize> = sizes.map(|size| u32::from_be_bytes(*size) as usize).collect();
    let (rows, entry) = rows_first(&shape, 3)?;
    check_size(&shape, element.bytes(), data, all.len())?;
    match RawValues::new(element, ByteOrder::Big, (rows, entry), bytes.clone(), data) {
        Some(values) => Ok(values),
        None => broken(data, "the array does not fit the file"),
    }
}

fn element_of(code: u8) -> Option<RawElement> {
    Some(match code {
        0x08 => RawElement::U8,
        0x09 => RawElement::I8,
        0x0b => RawElement::I16,
        0x0c => RawElement::I32,
        0x0d => RawElement::F32,
        0x0e => RawElement::F64,
        _ => return None,
    })
}
