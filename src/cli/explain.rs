//! `ndc explain E0204`.

use super::output::say;
use crate::diagnostics::explain::{codes, find, page};

/// Shows the page of a code, or all codes; whether the code exists.
pub(super) fn explain(code: Option<&str>) -> bool {
    let Some(code) = code else {
        for code in codes() {
            let title = page(code).and_then(|page| page.lines().next()).unwrap_or(code);
            say(&format!("{}\n", title.trim_start_matches("# ")));
        }
        return true;
    };
    match find(code) {
        Some((_, page)) => {
            say(page);
            true
        }
        None => {
            let near = crate::diagnostics::nearest(&code.to_uppercase(), codes());
            let hint = near.map_or("`ndc explain` lists all codes".to_string(), |near| format!("did you mean {near}?"));
            eprintln!("error: there is no error code `{code}`; {hint}");
            false
        }
    }
}
