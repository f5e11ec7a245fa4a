//! Constants and descriptors that code names, at addresses that do not change.

use super::fallback::StripCall;
use crate::ir::ElementType;
use crate::runtime::divided_strips::DividedStrips;
use crate::runtime::linear_algebra::MatrixDescriptor;
use crate::runtime::matmul::MatmulShape;
use crate::runtime::matmul::distances::DistancesDescriptor;
use crate::runtime::matmul::looped::LoopedProduct;
use crate::runtime::reduce::ReduceShape;
use crate::runtime::replay::ReplayDescriptor;
use crate::runtime::support_fold::ContractDescriptor;
use crate::runtime::support_move::MoveDescriptor;
use crate::runtime::support_rows::{FoldDescriptor, GatherDescriptor};
use crate::runtime::support_scatter::ScatterDescriptor;
use crate::runtime::view::View;
use serde::{Deserialize, Serialize};

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
    Distances: DistancesDescriptor,
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
    /// Keeps elements; where they are.
    pub fn add_constant(&mut self, bits: &[u64], element: ElementType) -> *const u8 {
        let words = pack(bits, element);
        let address = words.0.as_ptr().cast();
        self.constants.push(words);
        address
    }

    /// Keeps a descriptor; where it is.
    pub fn add_descriptor(&mut self, descriptor: Descriptor) -> *const u8 {
        let address = descriptor.address();
        self.descriptors.push(descriptor);
        address
    }

    /// Takes the constants away, each as bytes; the number of bytes is a multiple of eight.
    pub fn take_constants(&mut self) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.constants).iter().map(|words| bytemuck::cast_slice(&words.0).to_vec()).collect()
    }

    /// How many constants there are.
    pub fn constant_count(&self) -> usize {
        self.constants.len()
    }

    /// How many descriptors there are.
    pub fn descriptor_count(&self) -> usize {
        self.descriptors.len()
    }

    /// Where a constant is; `None` where there is no such constant.
    pub fn constant(&self, index: u32) -> Option<*const u8> {
        Some(self.constants.get(index as usize)?.0.as_ptr().cast())
    }

    /// Where a descriptor is; `None` where there is no such descriptor.
    pub fn descriptor(&self, index: u32) -> Option<*const u8> {
        Some(self.descriptors.get(index as usize)?.address())
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
