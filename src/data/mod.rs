//! Data files: reading them into the tables that the checker works with.
//!
//! [`FileLoader`] is the room's door: it implements [`crate::check::table::TableLoader`]. `contents` has the bytes of a file:
//! read, mapped or unpacked. Binary files are sliced into arrays (`npy`, `npz` with `zip`, `idx`, `safetensors`), which keep
//! the bytes and the element type of the file. A text takes these steps:
//!
//! 1. `text`: the bytes become text, or the message says what the file looks like instead.
//! 2. `layout`: one strict pass over the text finds the delimiter and refuses what readers of CSV disagree about:
//!    broken quotes, blank lines between rows, stray carriage returns.
//! 3. `reader`: the `csv` crate splits the text, which now has one reading only, into rows; every row must have as
//!    many cells as the header. Columns are built as numbers until a cell is none.
//! 4. `cell`: what one cell means.
//! 5. `excerpt`: the few lines that messages may show, with their line numbers kept. They alone go into the
//!    [`crate::source::SourceMap`], so that a large file is not held twice.
//!
//! The rule behind all of them: what could silently change a number or drop a row is an error at its place; what every
//! reader reads alike is accepted. A column with a cell that is no number is no error until the program uses it.
//!
//! | in the file | reading |
//! |---|---|
//! | delimiter | what the program says; else the comma, or `;` or a tab if the header has one of them and no comma |
//! | encoding | UTF-8, with or without a byte order mark; no zero bytes |
//! | line ends | LF and CRLF, also mixed; blank lines only at the end |
//! | header | one line of names, trimmed, none empty, no two equal, not all of them numbers |
//! | quotes | around whole cells, `""` inside for one quote; elsewhere in a cell a quote is an ordinary character |
//! | numbers | `-1`, `.5`, `1.`, `1e-3`: ASCII digits and a point, blanks around them, rounded to the nearest 64-bit number |
//! | missing | nothing, blanks, `NA`, `N/A`, `null`, `None`, `?`, `-` and the like |
//! | not finite | `nan`, `inf` and the like, and numbers too large for 64 bits |
//! | not a number | everything else: text, `true`, dates, `1,5`, `1_000`, `0x1F` |

mod array;
mod cell;
mod column;
mod contents;
mod csv;
mod excerpt;
mod format;
mod idx;
mod layout;
mod loader;
mod npy;
mod npy_header;
mod npy_writer;
mod npz;
mod reader;
mod safetensors;
mod text;
mod zip;

pub use contents::open_file;
pub use format::format_of;
pub use loader::FileLoader;
pub use npy_writer::npy_bytes;
pub use safetensors::Stored;
