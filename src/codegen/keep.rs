//! Data that generated code names by address, owned by the executable.

use crate::ir::ElementType;
use crate::schedule::{Place, Schedule};
use std::any::Any;

/// The addresses of a schedule's constants, by buffer.
pub type Constants = Vec<Option<*const u8>>;

/// Constants and descriptors at addresses that do not change.
#[derive(Default)]
pub struct Keep {
    constants: Vec<Box<[u64]>>,
    descriptors: Vec<Box<dyn Any + Send + Sync>>,
}

impl Keep {
    /// Keeps the constants of a schedule.
    pub fn constants(&mut self, schedule: &Schedule) -> Constants {
        let mut constant = |buffer: &crate::schedule::Buffer| match &buffer.place {
            Place::Constant(bits) => {
                let words = pack(bits, buffer.element);
                let address = words.as_ptr().cast();
                self.constants.push(words);
                Some(address)
            }
            _ => None,
        };
        schedule.buffers.iter().map(&mut constant).collect()
    }

    /// Keeps a value; its address is good as long as `self` lives.
    pub fn keep<T: Any + Send + Sync>(&mut self, value: T) -> *const T {
        let kept = Box::new(value);
        let address: *const T = &raw const *kept;
        self.descriptors.push(kept);
        address
    }
}

/// Elements one after another in memory, as words so that they are aligned.
fn pack(bits: &[u64], element: ElementType) -> Box<[u64]> {
    let bytes: Vec<u8> = bits.iter().flat_map(|word| word.to_le_bytes().into_iter().take(element.bytes())).collect();
    let word = |chunk: &[u8]| {
        let mut padded = [0; 8];
        padded[..chunk.len()].copy_from_slice(chunk);
        u64::from_ne_bytes(padded)
    };
    bytes.chunks(8).map(word).collect()
}
