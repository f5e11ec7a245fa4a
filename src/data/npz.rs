//! NPZ files: zip archives of NPY files, each named for its array.

use super::array::{Fault, broken};
use super::safetensors::Named;
use super::{npy, zip};
use crate::check::raw::Bytes;

/// The arrays of an archive.
pub(super) fn read(bytes: &Bytes) -> Result<Vec<Named>, Fault> {
    let mut arrays = Vec::new();
    for entry in zip::entries((**bytes).as_ref())? {
        let Some(name) = entry.name.strip_suffix(".npy") else {
            return broken(0, format!("the entry `{}` is not an array", super::cell::shown(&entry.name)));
        };
        let (content, range) = zip::bytes(bytes, &entry)?;
        let array = match npy::read(&content, range) {
            Ok(values) => Ok(values),
            Err(Fault::NoNumbers(what)) => Err(what),
            Err(Fault::Broken(at, problem)) => {
                return broken(at, format!("in `{}`: {problem}", super::cell::shown(&entry.name)));
            }
        };
        arrays.push((name.to_string(), array));
    }
    Ok(arrays)
}
