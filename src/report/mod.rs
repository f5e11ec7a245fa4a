//! Values, shapes and training results as text. Nothing here prints.

mod number;
mod value;

pub use number::{duration, number, significant, thousands};
pub use value::value_text;
