//! Arrays as NumPy stores them.

/// The bytes of an NPY file (version 1.0) with an array in row-major order and the byte order of this machine. `kind` is what
/// NumPy calls the element: `f8`, `f4`, `i8`, `b1`.
pub fn npy_bytes(kind: &str, sizes: &[usize], elements: &[u8]) -> Vec<u8> {
    const START: &[u8] = b"\x93NUMPY\x01\x00";
    const ALIGNED: usize = 64;
    let order = match (kind, cfg!(target_endian = "little")) {
        ("b1", _) => '|',
        (_, true) => '<',
        (_, false) => '>',
    };
    let sizes: String = sizes.iter().map(|size| format!("{size}, ")).collect();
    let sizes = if sizes.matches(',').count() > 1 { sizes.trim_end_matches(", ") } else { sizes.trim_end() };
    let mut header = format!("{{'descr': '{order}{kind}', 'fortran_order': False, 'shape': ({sizes}), }}");
    let unpadded = START.len() + 2 + header.len() + 1;
    header.push_str(&" ".repeat(unpadded.next_multiple_of(ALIGNED) - unpadded));
    header.push('\n');
    let mut bytes = START.to_vec();
    bytes.extend_from_slice(&(header.len() as u16).to_le_bytes());
    bytes.extend_from_slice(header.as_bytes());
    bytes.extend_from_slice(elements);
    bytes
}

#[cfg(test)]
mod tests {
    use super::npy_bytes;
    use crate::check::raw::RawValues;
    use std::sync::Arc;

    #[test]
    fn what_is_written_is_read_again() {
        let values = [1.5_f64, -2.0, 1e300, 0.0, 3.0, 4.0];
        for sizes in [&[6][..], &[2, 3], &[1, 2, 3]] {
            let bytes = npy_bytes("f8", sizes, bytemuck::cast_slice(&values));
            assert_eq!((bytes.len() - 48) % 64, 0, "the elements are aligned");
            let length = bytes.len();
            let read: RawValues = super::super::npy::read(&(Arc::new(bytes) as _), 0..length).unwrap();
            assert_eq!((read.rows(), read.entry_shape()), (sizes[0], &sizes[1..]));
            assert_eq!(read.reals(), values);
        }
    }
}
