//! `ndc cache`.

use super::output::{explain, say};
use crate::cache::{Cache, Usage, default_folder, environment};

/// Says where the code cache is and how large, or empties it; whether there is one.
pub(super) fn cache(clear: bool) -> bool {
    match shown(clear) {
        Ok(text) => {
            say(&text);
            true
        }
        Err(problem) => {
            explain(&format!("no cache: {problem}\n"));
            false
        }
    }
}

fn shown(clear: bool) -> Result<String, String> {
    let cache = Cache::open(&default_folder(environment)?)?;
    let Usage { entries, bytes } = if clear { cache.clear()? } else { cache.usage() };
    let plural = if entries == 1 { "y" } else { "ies" };
    let size = format!("{entries} entr{plural}, {:.1} MiB", bytes as f64 / f64::from(1 << 20));
    Ok(match clear {
        true => format!("removed {size} from {}\n", cache.folder().display()),
        false => format!("{}: {size}\n", cache.folder().display()),
    })
}
