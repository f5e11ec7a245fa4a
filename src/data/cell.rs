//! What the text of one cell means.

use crate::check::table::CellProblemKind;

/// The number that a cell holds.
pub(super) fn number(cell: &str) -> Result<f64, CellProblemKind> {
    let text = trim(cell);
    match text.bytes().all(may_be_in_number).then(|| text.parse::<f64>()) {
        Some(Ok(value)) if value.is_finite() => Ok(value),
        Some(Ok(_)) => Err(CellProblemKind::NotFinite),
        _ => Err(not_numeric(text)),
    }
}

/// Whether a cell says that there is no value: it is empty or one of the usual words, or NaN.
pub(super) fn is_missing(text: &str) -> bool {
    match not_numeric(text) {
        CellProblemKind::Missing => true,
        CellProblemKind::NotFinite => !text.trim_start_matches(['+', '-']).to_ascii_lowercase().contains("inf"),
        CellProblemKind::NotANumber | CellProblemKind::NoNumbers => false,
    }
}

/// Without the spaces and tabs around it. Other white space is left, and makes a number text.
pub(super) fn trim(cell: &str) -> &str {
    cell.trim_matches([' ', '\t'])
}

/// Whether a number is whole and exact as such.
pub(super) fn is_whole(value: f64) -> bool {
    const LIMIT: f64 = (1_u64 << 53) as f64;
    value.trunc() == value && value.abs() < LIMIT
}

/// The cell as a message shows it: on one line, not too long, with invisible characters spelled out.
pub(super) fn shown(cell: &str) -> String {
    const LONGEST: usize = 40;
    let mut shown = String::new();
    for (count, character) in cell.chars().enumerate() {
        if count == LONGEST {
            shown.push('…');
            break;
        }
        match character {
            '"' | '\'' | '\\' => shown.push(character),
            other => shown.extend(other.escape_debug()),
        }
    }
    shown
}

/// The characters of decimal numbers. `str::parse` alone would also take `inf` and `nan`.
fn may_be_in_number(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')
}

fn not_numeric(text: &str) -> CellProblemKind {
    const MISSING: [&str; 16] = [
        "", "na", "n/a", "n.a.", "#na", "#n/a", "<na>", "null", "nil", "none", "missing", "?", "-", "--", ".", "#null!",
    ];
    const NOT_FINITE: [&str; 9] =
        ["nan", "inf", "infinity", "nan(ind)", "nan(snan)", "1.#inf", "1.#qnan", "1.#snan", "1.#ind"];
    let is = |known: &&str| known.eq_ignore_ascii_case(text);
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    if MISSING.iter().any(is) {
        CellProblemKind::Missing
    } else if NOT_FINITE.iter().any(|known| known.eq_ignore_ascii_case(unsigned)) {
        CellProblemKind::NotFinite
    } else {
        CellProblemKind::NotANumber
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimal_numbers() {
        let cells: [(&str, f64); 12] = [
            ("42", 42.0),
            (" -1.5\t", -1.5),
            ("+3", 3.0),
            (".5", 0.5),
            ("1.", 1.0),
            ("1e-3", 0.001),
            ("2E+2", 200.0),
            ("9007199254740993", 9007199254740992.0),
            ("0.30000000000000004", 0.30000000000000004),
            ("1.7976931348623157e308", f64::MAX),
            ("5e-324", f64::from_bits(1)),
            ("1e-400", 0.0),
        ];
        for (cell, value) in cells {
            assert_eq!(number(cell).map(f64::to_bits), Ok(value.to_bits()), "{cell}");
        }
        assert_eq!(number("-0").map(f64::to_bits), Ok((-0.0_f64).to_bits()));
    }

    #[test]
    fn cells_that_are_no_numbers() {
        use CellProblemKind::{Missing, NotANumber, NotFinite};
        let kinds: [(CellProblemKind, &[&str]); 3] = [
            (Missing, &["", "  ", "\t", "NA", "na", "N/A", "null", "NULL", "None", "?", "-", " - ", ".", "<NA>"]),
            (NotFinite, &["nan", "NaN", "-nan", "inf", "+Inf", "-Infinity", "1e400", "-1e999", "1.#INF", "-1.#IND"]),
            (
                NotANumber,
                &[
                    "1,5",
                    "1,000",
                    "1_000",
                    "0x1F",
                    "1e",
                    "e5",
                    "1e5.",
                    "+",
                    "+-1",
                    "--1",
                    "1-",
                    "1 2",
                    "TRUE",
                    "false",
                    "2020-01-01",
                    "1\u{a0}",
                    "1\u{200b}",
                    "\u{661}\u{662}",
                    "\u{ff11}",
                    "1f",
                    "1d5",
                    "50%",
                    "$5",
                    "1.2.3",
                    "\u{2212}1",
                    "1\n",
                    "infinite",
                    "\u{feff}1",
                    "1/2",
                    "(1)",
                    "abc",
                ],
            ),
        ];
        for (kind, cells) in kinds {
            for cell in cells {
                assert_eq!(number(cell), Err(kind), "{cell:?}");
            }
        }
    }

    #[test]
    fn whole_numbers_are_exact() {
        assert!([0.0, -0.0, -3.0, 9007199254740991.0].into_iter().all(is_whole));
        assert!(![0.5, 9007199254740992.0, -1e300, 1e-300].into_iter().any(is_whole));
    }

    #[test]
    fn shown_cells_are_short_and_visible() {
        assert_eq!(shown("it's \"5\" \\ é"), "it's \"5\" \\ é");
        assert_eq!(shown("\u{1b}[2J\u{a0}\u{200b}\n"), "\\u{1b}[2J\\u{a0}\\u{200b}\\n");
        assert_eq!(shown(&"x".repeat(1_000_000)), format!("{}…", "x".repeat(40)));
    }
}
