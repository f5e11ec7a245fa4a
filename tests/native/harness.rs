//! Running a graph through the evaluator and through native code, and comparing bits.

use ndc::codegen::{BoundCall, CallError, Executable, RunErrorKind, compile};
use ndc::eval::evaluate_tables;
use ndc::ir::verify::verify;
use ndc::ir::{ElementType, Graph, Table, TensorType};
use ndc::schedule::{self, print::print, schedule};
use std::sync::Arc;

/// A small reproducible generator of random numbers.
pub struct Random(pub u64);

impl Random {
    /// The next word (splitmix64).
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A number below a limit.
    pub fn below(&mut self, limit: usize) -> usize {
        (self.word() % limit as u64) as usize
    }

    /// A real number in -range..range.
    pub fn real(&mut self, range: f64) -> f64 {
        ((self.word() >> 11) as f64 / (1u64 << 53) as f64 * 2.0 - 1.0) * range
    }
}

/// The word of a number in an element type.
pub fn word(element: ElementType, value: f64) -> u64 {
    match element {
        ElementType::F32 => u64::from((value as f32).to_bits()),
        ElementType::F64 => value.to_bits(),
        ElementType::I64 => value as i64 as u64,
        ElementType::Bool => u64::from(value > 0.0),
    }
}

/// The number of a word.
pub fn number(element: ElementType, bits: u64) -> f64 {
    match element {
        ElementType::F32 => f64::from(f32::from_bits(bits as u32)),
        ElementType::F64 => f64::from_bits(bits),
        ElementType::I64 => bits as i64 as f64,
        ElementType::Bool => bits as f64,
    }
}

/// The memory of a table.
pub fn to_bytes(table: &Table) -> Vec<u8> {
    let width = table.ty.element.bytes();
    table.bits.iter().flat_map(|bits| bits.to_le_bytes().into_iter().take(width)).collect()
}

/// The table in some memory.
pub fn from_bytes(ty: &TensorType, bytes: &[u8]) -> Table {
    let width = ty.element.bytes();
    let element = |chunk: &[u8]| {
        let mut wide = [0; 8];
        wide[..width].copy_from_slice(chunk);
        u64::from_le_bytes(wide)
    };
    Table { ty: ty.clone(), bits: bytes.chunks(width).map(element).collect() }
}

/// Compiles a graph whose schedule must pass its verifier.
pub fn native(graph: &Graph) -> Arc<Executable> {
    verify(graph, "test").expect("a well-formed graph");
    let plan = schedule(graph);
    schedule::verify::verify(&plan).unwrap_or_else(|rule| panic!("{rule}\n{}", print(&plan)));
    Arc::new(compile(&plan).expect("native code"))
}

/// Runs a graph natively, through both ways of calling, which must agree.
pub fn run(executable: &Arc<Executable>, inputs: &[Table]) -> Result<Vec<Table>, RunErrorKind> {
    let mut bound = BoundCall::new(executable.clone());
    for (index, table) in inputs.iter().enumerate() {
        bound.input_mut(index).copy_from_slice(&to_bytes(table));
    }
    let result = bound.run();
    let mut workspace = executable.workspace();
    let aligned: Vec<Vec<u8>> = inputs.iter().map(|table| words(&to_bytes(table))).collect();
    let views: Vec<&[u8]> = aligned.iter().zip(inputs).map(|(words, table)| view(words, table.ty.bytes())).collect();
    let mut memory: Vec<Vec<u8>> =
        executable.outputs().iter().map(|port| words(&vec![0xa5; port.ty.bytes()])).collect();
    let sizes = executable.outputs().iter().map(|port| port.ty.bytes());
    let mut outputs: Vec<&mut [u8]> = memory.iter_mut().zip(sizes).map(|(words, size)| view_mut(words, size)).collect();
    let second = executable.call_bytes(&views, &mut outputs, &mut workspace);
    match (result, second) {
        (Ok(()), Ok(())) => {}
        (Err(first), Err(CallError::Run(second))) => {
            assert_eq!(first, second);
            return Err(first.kind);
        }
        (first, second) => panic!("the two calls differ: {first:?}, {second:?}"),
    }
    for (index, port) in executable.outputs().iter().enumerate() {
        let (left, right) = (from_bytes(&port.ty, bound.output(index)), from_bytes(&port.ty, outputs[index]));
        assert_same(&left, &right, &format!("two calls, output {index}"));
    }
    let ports = executable.outputs().iter().enumerate();
    Ok(ports.map(|(index, port)| from_bytes(&port.ty, bound.output(index))).collect())
}

/// Bytes with room to start at a multiple of 8.
fn words(bytes: &[u8]) -> Vec<u8> {
    let mut room = vec![0; bytes.len() + 8];
    view_mut(&mut room, bytes.len()).copy_from_slice(bytes);
    room
}

fn view(room: &[u8], bytes: usize) -> &[u8] {
    let start = room.as_ptr().align_offset(8);
    &room[start..start + bytes]
}

fn view_mut(room: &mut [u8], bytes: usize) -> &mut [u8] {
    let start = room.as_ptr().align_offset(8);
    &mut room[start..start + bytes]
}

/// Panics unless two tables hold the same numbers: equal, or both NaN.
pub fn assert_same(left: &Table, right: &Table, what: &str) {
    assert_eq!(left.ty, right.ty, "{what}");
    let element = left.ty.element;
    for (place, (a, b)) in left.bits.iter().zip(&right.bits).enumerate() {
        let (x, y) = (number(element, *a), number(element, *b));
        assert!(x == y || (x.is_nan() && y.is_nan()), "{what}: element {place} of {}: {x} is not {y}", left.ty);
    }
}

/// Compares native code with the evaluator.
pub fn compare(graph: &Graph, inputs: &[Table], what: &str) {
    let expected = evaluate_tables(graph, inputs);
    let executable = native(graph);
    let report = || format!("{what}\n{}{}", ndc::ir::print::print(graph), print(&schedule(graph)));
    match (run(&executable, inputs), expected) {
        (Ok(results), Ok(expected)) => {
            for (index, (result, expected)) in results.iter().zip(&expected).enumerate() {
                let same = std::panic::catch_unwind(|| assert_same(result, expected, &format!("output {index}")));
                assert!(same.is_ok(), "{}", report());
            }
        }
        (Err(_), Err(_)) => {}
        (result, expected) => panic!("{result:?} but {expected:?}: {}", report()),
    }
}
