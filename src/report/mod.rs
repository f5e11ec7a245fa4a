//! Values, shapes and training results as text. Nothing here prints.

mod escape;
pub mod event_file;
pub mod events;
mod number;
pub mod predictions;
mod times;
mod value;

pub use escape::escaped;
pub use number::{counted, duration, number, significant, thousands};
pub use times::{Row, StageRow, time_table};
pub use value::value_text;
