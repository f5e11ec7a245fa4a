//! Data that generated code names, owned by the executable.
//!
//! While code is written, each thing has its address; [`Keep::symbol`] says what stands at an address, so that the code names
//! things and not addresses, and can be linked again in another process.

use super::fallback::StripCall;
use super::object::Symbol;
use crate::ir::ElementType;
use crate::runtime::divided_strips::DividedStrips;
use crate::runtime::image;
use crate::runtime::linear_algebra::MatrixDescriptor;
use crate::runtime::matmul::MatmulShape;
use crate::runtime::matmul::looped::LoopedProduct;
use crate::runtime::reduce::ReduceShape;
use crate::runtime::replay::ReplayDescriptor;
use crate::runtime::support_fold::ContractDescriptor;
use crate::runtime::support_move::MoveDescriptor;
use crate::runtime::support_rows::{FoldDescriptor, GatherDescriptor, ScatterDescriptor};
use crate::runtime::view::View;
use crate::schedule::{Place, Schedule};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// The addresses of a schedule's constants, by buffer.
pub type Constants = Vec<Option<*const u8>>;

macro_rules! descriptors {
    ($($name:ident: $kind:ty,)*) => {
        /// What a function of the runtime is told, at an address that does not change.
        #[derive(Serialize, Deserialize)]
        pub enum Descriptor {
            $(
                /// See the type.
                $name(Box<$kind>),
            )*
        }

        impl Descriptor {
            /// Where it is.
            fn address(&self) -> *const u8 {
                match self {
                    $(Descriptor::$name(kept) => (&raw const **kept).cast(),)*
                }
            }
        }

        $(
            impl From<$kind> for Descriptor {
                fn from(value: $kind) -> Self {
                    Descriptor::$name(Box::new(value))
                }
            }
        )*
    };
}

descriptors! {
    Contract: ContractDescriptor,
    Divided: DividedStrips,
    Fold: FoldDescriptor,
    Gather: GatherDescriptor,
    Looped: LoopedProduct,
    Matmul: MatmulShape,
    Matrix: MatrixDescriptor,
    Move: MoveDescriptor,
    Reduce: ReduceShape,
    Replay: ReplayDescriptor,
    Scatter: ScatterDescriptor,
    Strip: StripCall,
    View: View,
}

/// Constants and descriptors at addresses that do not change.
#[derive(Default, Serialize, Deserialize)]
pub struct Kept {
    constants: Vec<Words>,
    descriptors: Vec<Descriptor>,
}

impl Kept {
    /// Where a kept thing is; `None` where there is no such thing.
    pub fn address(&self, symbol: Symbol) -> Option<*const u8> {
        match symbol {
            Symbol::Constant(index) => Some(self.constants.get(index as usize)?.0.as_ptr().cast()),
            Symbol::Descriptor(index) => Some(self.descriptors.get(index as usize)?.address()),
            Symbol::Function(_) | Symbol::Image(_) => None,
        }
    }
}

/// What is kept while code is written.
#[derive(Default)]
pub struct Keep {
    /// All of it.
    pub kept: Kept,
    places: HashMap<*const u8, Symbol>,
}

impl Keep {
    /// Keeps the constants of a schedule.
    pub fn constants(&mut self, schedule: &Schedule) -> Constants {
        let mut constant = |buffer: &crate::schedule::Buffer| match &buffer.place {
            Place::Constant(bits) => {
                let words = pack(bits, buffer.element);
                let address: *const u8 = words.0.as_ptr().cast();
                self.places.insert(address, Symbol::Constant(self.kept.constants.len() as u32));
                self.kept.constants.push(words);
                Some(address)
            }
            _ => None,
        };
        schedule.buffers.iter().map(&mut constant).collect()
    }

    /// Keeps a value; its address is good as long as what is kept lives.
    pub fn keep<T>(&mut self, value: T) -> *const T
    where
        Descriptor: From<T>,
    {
        let descriptor = Descriptor::from(value);
        let address = descriptor.address();
        self.places.insert(address, Symbol::Descriptor(self.kept.descriptors.len() as u32));
        self.kept.descriptors.push(descriptor);
        address.cast()
    }

    /// What stands at an address: something kept, or a function or `static` of this program. There is nothing else that
    /// generated code may name, since nothing else lives as long.
    pub fn symbol(&self, address: *const u8) -> Symbol {
        self.places.get(&address).copied().unwrap_or_else(|| Symbol::Image(image::distance(address)))
    }
}

/// Words in memory; stored as bytes.
struct Words(Box<[u64]>);

impl Serialize for Words {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(bytemuck::cast_slice(&self.0))
    }
}

impl<'d> Deserialize<'d> for Words {
    fn deserialize<D: serde::Deserializer<'d>>(from: D) -> Result<Self, D::Error> {
        let bytes = <&[u8]>::deserialize(from)?;
        Ok(Words(bytes.chunks(8).map(word).collect()))
    }
}

/// Elements one after another in memory, as words so that they are aligned.
fn pack(bits: &[u64], element: ElementType) -> Words {
    let bytes: Vec<u8> = bits.iter().flat_map(|word| word.to_le_bytes().into_iter().take(element.bytes())).collect();
    Words(bytes.chunks(8).map(word).collect())
}

fn word(chunk: &[u8]) -> u64 {
    let mut padded = [0; 8];
    padded[..chunk.len()].copy_from_slice(chunk);
    u64::from_ne_bytes(padded)
}
