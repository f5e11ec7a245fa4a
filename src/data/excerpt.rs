//! The part of a file that messages may show.
//!
//! The lines with something to show stand in the excerpt at their own line number and columns; the other lines are
//! left empty. What is shown of a place is limited, and a line is cut some way after the last thing to show.

use super::layout::{Place, line_end};
use std::ops::Range;

/// The excerpt of `text` that shows the places, and where each of them lies in it.
pub(super) fn excerpt(text: &str, places: &[Place]) -> (String, Vec<Range<usize>>) {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by_key(|index| (places[*index].line, places[*index].start));
    let mut shown = String::new();
    let mut ranges = vec![0..0; places.len()];
    let mut line = 1;
    for group in order.chunk_by(|left, right| places[*left].line == places[*right].line) {
        let first = places[group[0]];
        shown.extend(std::iter::repeat_n('\n', first.line - line));
        line = first.line;
        let start = text[..first.start].rfind('\n').map_or(0, |newline| newline + 1);
        let mut last = start;
        for index in group {
            let place = places[*index];
            let end = place.end.min(after(text, place.start));
            let moved = |at: usize| at - start + shown.len();
            ranges[*index] = moved(place.start)..moved(end);
            last = last.max(end);
        }
        let end = line_end(text, last).min(after(text, last));
        shown.push_str(&text[start..end]);
    }
    (shown, ranges)
}

/// A place as far after `from` as is shown.
fn after(text: &str, from: usize) -> usize {
    const SHOWN: usize = 200;
    text.floor_char_boundary(from.saturating_add(SHOWN).min(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_numbers() {
        let text = "a,b\r\n1,2\n3,x\n5,6\ny,z\n";
        let places = [
            Place { line: 5, start: 19, end: 20 },
            Place { line: 1, start: 2, end: 3 },
            Place { line: 3, start: 11, end: 12 },
            Place { line: 5, start: 17, end: 18 },
        ];
        let (shown, ranges) = excerpt(text, &places);
        assert_eq!(shown, "a,b\n\n3,x\n\ny,z");
        let texts: Vec<&str> = ranges.into_iter().map(|range| &shown[range]).collect();
        assert_eq!(texts, ["z", "b", "x", "y"]);
    }

    #[test]
    fn long_lines_are_cut_after_the_place() {
        let text = format!("é{}", "é".repeat(1000));
        let (shown, ranges) = excerpt(&text, &[Place { line: 1, start: 2, end: 4 }]);
        assert_eq!(shown, "é".repeat(102));
        assert_eq!(ranges.first(), Some(&(2..4)));
        let (shown, ranges) = excerpt(&text, &[Place { line: 1, start: 2, end: 2000 }]);
        assert_eq!(shown, "é".repeat(201));
        assert_eq!(ranges.first(), Some(&(2..202)));
        assert_eq!(excerpt("abc", &[]), (String::new(), vec![]));
    }
}
