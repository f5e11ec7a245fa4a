//! Named tensors on disk: the files of `save` and `load`, and what a training leaves in its folder.
//!
//! All files are safetensors ([`Tensors`]), written so that a reader finds the old file or the new one, never a part
//! ([`write_whole`]). [`RunFolder`] is the folder of a training: which file is which, who may write there.

mod folder;
mod same;
mod tensors;
mod whole;

pub use folder::{BEST, LAST, OpenError, PREVIOUS, RunFolder};
pub use same::same_file;
pub use tensors::{ReadError, Tensors};
pub use whole::{could_write_whole, write_whole};
