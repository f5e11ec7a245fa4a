//! Named arrays of numbers, as `values.py` writes them.

use ndc::ir::{ElementType, Table, TensorType};
use ndc::schedule::Port;
use ndc::session::native::to_bytes;
use std::path::Path;

/// A named array.
pub struct Array {
    pub name: String,
    element: ElementType,
    sizes: Vec<usize>,
    bytes: Vec<u8>,
}

/// Reads a file of arrays.
pub fn read(path: &Path) -> Vec<Array> {
    let file = std::fs::read(path).expect("the values of the row");
    let end = file.iter().position(|byte| *byte == b'\n').expect("a line that lists the arrays");
    let list: Vec<(String, String, Vec<usize>)> = serde_json::from_slice(&file[..end]).expect("a list of arrays");
    let mut place = end + 1;
    let array = |(name, element, sizes): (String, String, Vec<usize>)| {
        let element = match element.as_str() {
            "float32" => ElementType::F32,
            "float64" => ElementType::F64,
            "int64" => ElementType::I64,
            other => panic!("{name} has elements {other}"),
        };
        let count = sizes.iter().product::<usize>() * element.bytes();
        place += count;
        Array { name, element, sizes, bytes: file[place - count..place].to_vec() }
    };
    list.into_iter().map(array).collect()
}

/// Values for an input that none are given for: zeros, or regular small numbers.
pub fn sample(port: &Port, zeros: bool) -> Array {
    let count = port.ty.shape.count();
    let number = |place: usize| if zeros { 0.0 } else { ((place * 37 % 101) as f64 - 50.0) / 200.0 };
    let words = (0..count).map(|place| port.ty.element.word(number(place))).collect();
    of_table(&port.name, &Table { ty: port.ty.clone(), bits: words })
}

/// A value that the program itself has.
pub fn of_table(name: &str, table: &Table) -> Array {
    let (element, sizes) = (table.ty.element, table.ty.shape.sizes().to_vec());
    Array { name: name.to_string(), element, sizes, bytes: to_bytes(table) }
}

impl Array {
    /// The bytes of the array, cut into values of a type: one, or one for each batch.
    pub fn batches(&self, ty: &TensorType) -> Vec<&[u8]> {
        assert_eq!(self.element, ty.element, "elements of {}", self.name);
        let rest = |sizes: &[usize]| sizes.get(1..).map(<[usize]>::to_vec);
        let fits = self.sizes == ty.shape.sizes() || rest(&self.sizes) == rest(ty.shape.sizes());
        assert!(fits, "{} is {:?}, not {ty}", self.name, self.sizes);
        self.bytes.chunks_exact(ty.bytes()).collect()
    }
}
