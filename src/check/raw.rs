//! The values of a source column as its file stores them.
//!
//! A column keeps the file's own element type and its own bytes, which may be those of a mapped file: an image of 8-bit
//! pixels takes a byte a pixel until its row is read as numbers.

use std::fmt;
use std::sync::{Arc, OnceLock};

/// Bytes that a file's columns share.
pub type Bytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// The type of one stored element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RawElement {
    /// One byte: 0 or 1.
    Bool,
    /// Unsigned, 8 bits.
    U8,
    /// Signed, 8 bits.
    I8,
    /// Unsigned, 16 bits.
    U16,
    /// Signed, 16 bits.
    I16,
    /// Unsigned, 32 bits.
    U32,
    /// Signed, 32 bits.
    I32,
    /// Unsigned, 64 bits.
    U64,
    /// Signed, 64 bits.
    I64,
    /// IEEE half precision.
    F16,
    /// The upper half of a single-precision number.
    BF16,
    /// IEEE single precision.
    F32,
    /// IEEE double precision.
    F64,
}

impl RawElement {
    /// The size of one element in bytes.
    pub fn bytes(self) -> usize {
        match self {
            Self::Bool | Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 | Self::F16 | Self::BF16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    /// Whether elements are whole numbers by their type.
    pub fn is_integer(self) -> bool {
        !matches!(self, Self::F16 | Self::BF16 | Self::F32 | Self::F64)
    }
}

impl fmt::Display for RawElement {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Bool => "bool",
            Self::U8 => "uint8",
            Self::I8 => "int8",
            Self::U16 => "uint16",
            Self::I16 => "int16",
            Self::U32 => "uint32",
            Self::I32 => "int32",
            Self::U64 => "uint64",
            Self::I64 => "int64",
            Self::F16 => "float16",
            Self::BF16 => "bfloat16",
            Self::F32 => "float32",
            Self::F64 => "float64",
        })
    }
}

/// The order of the bytes of one element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// The lowest first.
    Little,
    /// The highest first.
    Big,
}

impl ByteOrder {
    /// This machine's.
    pub const NATIVE: ByteOrder = if cfg!(target_endian = "little") { ByteOrder::Little } else { ByteOrder::Big };
}

/// The values of a column: a tensor whose first axis is the rows, in row-major order. Cheap to clone.
#[derive(Clone)]
pub struct RawValues {
    element: RawElement,
    order: ByteOrder,
    rows: usize,
    entry: Arc<[usize]>,
    bytes: Bytes,
    start: usize,
    /// [`RawValues::first_nan`], once it is known.
    nan: Arc<OnceLock<Option<usize>>>,
}

impl RawValues {
    /// The values that lie in `bytes` from `start` on; `None` if they do not fit there.
    pub fn new(
        element: RawElement,
        order: ByteOrder,
        (rows, entry): (usize, &[usize]),
        bytes: Bytes,
        start: usize,
    ) -> Option<Self> {
        let size = entry.iter().try_fold(element.bytes(), |size, axis| size.checked_mul(*axis))?;
        let end = size.checked_mul(rows)?.checked_add(start)?;
        let fits = end <= (*bytes).as_ref().len();
        fits.then(|| RawValues { element, order, rows, entry: entry.into(), bytes, start, nan: Arc::default() })
    }

    /// A column of one number a row.
    pub fn from_reals(values: Vec<f64>) -> Self {
        struct Reals(Vec<f64>);
        impl AsRef<[u8]> for Reals {
            fn as_ref(&self) -> &[u8] {
                bytemuck::cast_slice(&self.0)
            }
        }
        let rows = values.len();
        let bytes = Arc::new(Reals(values));
        let (element, order) = (RawElement::F64, ByteOrder::NATIVE);
        RawValues { element, order, rows, entry: Arc::new([]), bytes, start: 0, nan: Arc::default() }
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The shape of one row's entry: nothing for a number.
    pub fn entry_shape(&self) -> &[usize] {
        &self.entry
    }

    /// The elements of one row's entry.
    pub fn entry_count(&self) -> usize {
        self.entry.iter().product()
    }

    /// The type of an element in the file.
    pub fn element(&self) -> RawElement {
        self.element
    }

    /// All elements as real numbers, rows leading.
    pub fn reals(&self) -> Vec<f64> {
        let mut reals = Vec::with_capacity(self.rows * self.entry_count());
        self.append(0, self.rows, &mut reals);
        reals
    }

    /// The elements of the row as real numbers, appended. The row must exist.
    pub fn append_row<R: FromReal>(&self, row: usize, to: &mut Vec<R>) {
        self.append(row, 1, to);
    }

    /// The place among all elements of the first that is NaN.
    pub fn first_nan(&self) -> Option<usize> {
        *self.nan.get_or_init(|| self.find_nan())
    }

    fn find_nan(&self) -> Option<usize> {
        let bytes = self.bytes_of(0, self.rows);
        macro_rules! place {
            ($stored:ty, $size:literal, $is_nan:expr) => {{
                let is_nan: fn($stored) -> bool = $is_nan;
                let mut elements = bytes.as_chunks::<$size>().0.iter();
                match self.order {
                    ByteOrder::Little => elements.position(|bytes| is_nan(<$stored>::from_le_bytes(*bytes))),
                    ByteOrder::Big => elements.position(|bytes| is_nan(<$stored>::from_be_bytes(*bytes))),
                }
            }};
        }
        match self.element {
            RawElement::F16 => place!(u16, 2, |bits| bits & 0x7fff > 0x7c00),
            RawElement::BF16 => place!(u16, 2, |bits| bits & 0x7fff > 0x7f80),
            RawElement::F32 => place!(f32, 4, f32::is_nan),
            RawElement::F64 => place!(f64, 8, f64::is_nan),
            _ => None,
        }
    }

    /// The first integer that no real number is equal to, with its place among all elements.
    pub fn first_inexact(&self) -> Option<(usize, i128)> {
        let wide = matches!(self.element, RawElement::U64 | RawElement::I64);
        let inexact = |value: &(usize, i128)| value.1 as f64 as i128 != value.1;
        wide.then(|| self.wide_integers().enumerate().find(inexact)).flatten()
    }

    /// Whether all elements are integers that a real number is exact for and neighbours are apart from.
    pub fn is_whole(&self) -> bool {
        const LIMIT: i128 = 1 << 53;
        match self.element {
            RawElement::U64 | RawElement::I64 => self.wide_integers().all(|value| (-LIMIT..LIMIT).contains(&value)),
            element => element.is_integer(),
        }
    }

    fn wide_integers(&self) -> impl Iterator<Item = i128> {
        let (order, signed) = (self.order, self.element == RawElement::I64);
        self.bytes_of(0, self.rows).as_chunks::<8>().0.iter().map(move |bytes| {
            let value = match order {
                ByteOrder::Little => u64::from_le_bytes(*bytes),
                ByteOrder::Big => u64::from_be_bytes(*bytes),
            };
            if signed { i128::from(value.cast_signed()) } else { i128::from(value) }
        })
    }

    fn bytes_of(&self, row: usize, rows: usize) -> &[u8] {
        let size = self.entry_count() * self.element.bytes();
        let start = self.start + row * size;
        &(*self.bytes).as_ref()[start..start + rows * size]
    }

    fn append<R: FromReal>(&self, row: usize, rows: usize, to: &mut Vec<R>) {
        let bytes = self.bytes_of(row, rows);
        macro_rules! each {
            ($stored:ty, $size:literal, $real:expr) => {{
                let real: fn($stored) -> f64 = $real;
                let chunks = bytes.as_chunks::<$size>().0.iter();
                match self.order {
                    ByteOrder::Little => {
                        to.extend(chunks.map(|bytes| R::from_real(real(<$stored>::from_le_bytes(*bytes)))))
                    }
                    ByteOrder::Big => {
                        to.extend(chunks.map(|bytes| R::from_real(real(<$stored>::from_be_bytes(*bytes)))))
                    }
                }
            }};
        }
        match self.element {
            RawElement::Bool | RawElement::U8 => to.extend(bytes.iter().map(|byte| R::from_real(f64::from(*byte)))),
            RawElement::I8 => each!(i8, 1, f64::from),
            RawElement::U16 => each!(u16, 2, f64::from),
            RawElement::I16 => each!(i16, 2, f64::from),
            RawElement::U32 => each!(u32, 4, f64::from),
            RawElement::I32 => each!(i32, 4, f64::from),
            RawElement::U64 => each!(u64, 8, |value| value as f64),
            RawElement::I64 => each!(i64, 8, |value| value as f64),
            RawElement::F16 => each!(u16, 2, half),
            RawElement::BF16 => each!(u16, 2, |bits| f64::from(f32::from_bits(u32::from(bits) << 16))),
            RawElement::F32 => each!(f32, 4, f64::from),
            RawElement::F64 => each!(f64, 8, |value| value),
        }
    }
}

impl fmt::Debug for RawValues {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} rows of {:?} {}", self.rows, self.entry, self.element)
    }
}

/// A real number of either precision.
pub trait FromReal: Copy {
    /// The nearest one.
    fn from_real(value: f64) -> Self;
}

impl FromReal for f64 {
    fn from_real(value: f64) -> Self {
        value
    }
}

impl FromReal for f32 {
    fn from_real(value: f64) -> Self {
        value as f32
    }
}

/// The value of a half-precision number.
fn half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    let power = |exponent: i32| f64::from_bits(((1023 + exponent) as u64) << 52);
    match exponent {
        0 => sign * fraction * power(-24),
        0x1f if fraction == 0.0 => sign * f64::INFINITY,
        0x1f => f64::NAN,
        _ => sign * (1024.0 + fraction) * power(exponent - 25),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(element: RawElement, order: ByteOrder, bytes: &[u8]) -> Vec<f64> {
        let rows = bytes.len() / element.bytes();
        RawValues::new(element, order, (rows, &[]), Arc::new(bytes.to_vec()), 0).unwrap().reals()
    }

    #[test]
    fn elements_of_all_types_and_orders() {
        let cases: [(RawElement, &[u8], &[f64]); 13] = [
            (RawElement::Bool, &[0, 1], &[0.0, 1.0]),
            (RawElement::U8, &[0, 255], &[0.0, 255.0]),
            (RawElement::I8, &[0x80, 0x7f], &[-128.0, 127.0]),
            (RawElement::U16, &[0x01, 0x02], &[513.0]),
            (RawElement::I16, &[0xfe, 0xff], &[-2.0]),
            (RawElement::U32, &[1, 0, 0, 0x80], &[2147483649.0]),
            (RawElement::I32, &[1, 0, 0, 0x80], &[-2147483647.0]),
            (RawElement::U64, &[0, 0, 0, 0, 0, 0, 0, 0x80], &[9223372036854775808.0]),
            (RawElement::I64, &[0, 0, 0, 0, 0, 0, 0, 0x80], &[-9223372036854775808.0]),
            (
                RawElement::F16,
                &[0, 0x3c, 1, 0, 0xff, 0x7b, 0, 0xfc, 0, 0x80],
                &[1.0, 5.960464477539063e-8, 65504.0, f64::NEG_INFINITY, -0.0],
            ),
            (RawElement::BF16, &[0x80, 0x3f], &[1.0]),
            (RawElement::F32, &[0, 0, 0xc0, 0xbf], &[-1.5]),
            (RawElement::F64, &[0, 0, 0, 0, 0, 0, 0xf0, 0x3f], &[1.0]),
        ];
        for (element, bytes, expected) in cases {
            let reversed: Vec<u8> =
                bytes.chunks(element.bytes()).flat_map(|chunk| chunk.iter().rev().copied()).collect();
            for (order, bytes) in [(ByteOrder::Little, bytes), (ByteOrder::Big, &reversed[..])] {
                let bits = |values: &[f64]| values.iter().map(|value| value.to_bits()).collect::<Vec<u64>>();
                assert_eq!(bits(&values(element, order, bytes)), bits(expected), "{element} {order:?}");
            }
        }
        assert!(values(RawElement::F16, ByteOrder::Little, &[1, 0x7c])[0].is_nan());
    }

    #[test]
    fn the_first_nan_of_each_type() {
        let cases: [(RawElement, &[u8], Option<usize>); 9] = [
            (RawElement::F16, &[0, 0x7c, 0, 0xfe], Some(1)),
            (RawElement::F16, &[0, 0x7c, 0, 0xfc], None),
            (RawElement::BF16, &[0x80, 0x7f, 0x81, 0xff], Some(1)),
            (RawElement::BF16, &[0x80, 0x7f, 0x80, 0xff], None),
            (RawElement::F32, &[0, 0, 0x80, 0x7f, 1, 0, 0x80, 0xff], Some(1)),
            (RawElement::F32, &[0, 0, 0x80, 0x7f, 0, 0, 0x80, 0xff], None),
            (RawElement::F64, &[1, 0, 0, 0, 0, 0, 0xf0, 0x7f], Some(0)),
            (RawElement::F64, &[0, 0, 0, 0, 0, 0, 0xf0, 0x7f], None),
            (RawElement::U64, &[0xff; 16], None),
        ];
        for (element, bytes, expected) in cases {
            let reversed: Vec<u8> =
                bytes.chunks(element.bytes()).flat_map(|chunk| chunk.iter().rev().copied()).collect();
            for (order, bytes) in [(ByteOrder::Little, bytes), (ByteOrder::Big, &reversed[..])] {
                let rows = bytes.len() / element.bytes();
                let column = RawValues::new(element, order, (rows, &[]), Arc::new(bytes.to_vec()), 0).unwrap();
                assert_eq!(
                    (column.first_nan(), column.clone().first_nan()),
                    (expected, expected),
                    "{element} {order:?}"
                );
            }
        }
    }

    #[test]
    fn rows_are_read_one_by_one() {
        let bytes: Vec<u8> = (0..13).collect();
        let column = RawValues::new(RawElement::U8, ByteOrder::Big, (3, &[2, 2]), Arc::new(bytes), 1).unwrap();
        let mut row: Vec<f32> = Vec::new();
        column.append_row(1, &mut row);
        assert_eq!(row, [5.0, 6.0, 7.0, 8.0]);
        assert_eq!(column.reals().len(), 12);
        let short: Bytes = Arc::new(vec![0; 11]);
        for (rows, start) in [(3, 0), (usize::MAX, 0), (2, usize::MAX)] {
            assert!(RawValues::new(RawElement::U8, ByteOrder::Big, (rows, &[2, 2]), short.clone(), start).is_none());
        }
    }

    #[test]
    fn integers_beyond_the_reals_are_found() {
        let column = |numbers: &[i64]| {
            let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
            RawValues::new(RawElement::I64, ByteOrder::Little, (numbers.len(), &[]), Arc::new(bytes), 0).unwrap()
        };
        let limit = 1_i64 << 53;
        assert!(column(&[-limit, limit - 1]).is_whole() && column(&[]).is_whole());
        assert!(!column(&[limit]).is_whole());
        assert_eq!(column(&[1, limit, limit + 1]).first_inexact(), Some((2, i128::from(limit) + 1)));
        assert_eq!(column(&[1 << 60, i64::MIN]).first_inexact(), None);
        assert!(!RawValues::from_reals(vec![1.0]).is_whole());
    }
}
