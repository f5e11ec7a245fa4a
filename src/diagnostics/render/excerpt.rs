//! The part of a text that a message shows.
//!
//! A text may have millions of lines, or one line of many megabytes. Places that lie close together share an excerpt
//! of whole lines; a place in a very long line gets one of its own, cut on both sides.

use crate::source::SourceFile;
use std::ops::Range;

/// Places further apart than this many bytes are shown in separate excerpts.
const FURTHEST_APART: usize = 1 << 15;
/// A longer place is underlined in its first line only.
const LONGEST_PLACE: usize = 1 << 12;
/// A longer line is cut around its place.
const LONGEST_LINE: usize = 1_000;
/// What is kept of a long line before and after the start of the place.
const KEPT: (usize, usize) = (60, 200);

/// Some lines of a text with places in them.
#[derive(Debug)]
pub(super) struct Excerpt<T> {
    /// The lines.
    pub text: String,
    /// The number of the first of them, from 1.
    pub first_line: usize,
    /// Line and column in the whole text of the first place, where the lines are cut, so that counting in the excerpt
    /// would be wrong.
    pub cut: Option<(usize, usize)>,
    /// The places in the excerpt, each with what belongs to it.
    pub places: Vec<(Range<usize>, T)>,
}

/// The excerpts that show all places, the one with the first place given in front.
pub(super) fn excerpts<T>(file: &SourceFile, places: Vec<(Range<usize>, T)>) -> Vec<Excerpt<T>> {
    let text = &file.text;
    let mut clusters: Vec<Cluster<T>> = Vec::new();
    for (place, what) in places {
        let place = inside(text, place);
        let lines = line_start(text, place.start)..line_end(text, place.end);
        let long = lines.len() > LONGEST_LINE && !short_lines(text, &place, &lines);
        let near = clusters.iter_mut().find(|cluster| !long && cluster.is_near(&lines));
        match near {
            Some(cluster) => {
                cluster.lines = cluster.lines.start.min(lines.start)..cluster.lines.end.max(lines.end);
                cluster.places.push((place, what));
            }
            None => clusters.push(Cluster { lines, long, places: vec![(place, what)] }),
        }
    }
    clusters.into_iter().map(|cluster| if cluster.long { cluster.cut(file) } else { cluster.whole(text) }).collect()
}

struct Cluster<T> {
    lines: Range<usize>,
    long: bool,
    places: Vec<(Range<usize>, T)>,
}

impl<T> Cluster<T> {
    fn is_near(&self, lines: &Range<usize>) -> bool {
        !self.long
            && lines.start <= self.lines.end.saturating_add(FURTHEST_APART)
            && self.lines.start <= lines.end.saturating_add(FURTHEST_APART)
    }

    fn whole(self, text: &str) -> Excerpt<T> {
        let start = self.lines.start;
        let move_back = |(place, what): (Range<usize>, T)| (place.start - start..place.end - start, what);
        Excerpt {
            first_line: line_number(text, start),
            text: text[self.lines].to_string(),
            cut: None,
            places: self.places.into_iter().map(move_back).collect(),
        }
    }

    /// One line, cut around its place.
    fn cut(self, file: &SourceFile) -> Excerpt<T> {
        let text = &file.text;
        let first = self.places.first().map_or(0, |(place, _)| place.start);
        let end = line_end(text, first);
        let from = text.floor_char_boundary(first.saturating_sub(KEPT.0)).max(self.lines.start);
        let to = text.ceil_char_boundary((first + KEPT.1).min(text.len())).min(end);
        let lead = if from > self.lines.start { "…" } else { "" };
        let trail = if to < end { "…" } else { "" };
        let shift = |place: usize| place.clamp(from, to) - from + lead.len();
        Excerpt {
            text: format!("{lead}{}{trail}", &text[from..to]),
            first_line: line_number(text, self.lines.start),
            cut: Some(file.line_column(first)),
            places: self.places.into_iter().map(|(place, what)| (shift(place.start)..shift(place.end), what)).collect(),
        }
    }
}

/// The place moved into the text and to the borders of characters; a very long one is shortened to its first line.
fn inside(text: &str, place: Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(place.start.min(text.len()));
    let end = text.ceil_char_boundary(place.end.clamp(start, text.len()));
    let end = if end - start > LONGEST_PLACE { end.min(line_end(text, start)) } else { end };
    start..end.max(start)
}

/// Whether no line that the place touches is long.
fn short_lines(text: &str, place: &Range<usize>, lines: &Range<usize>) -> bool {
    place.len() <= LONGEST_PLACE && text[lines.clone()].split('\n').all(|line| line.len() <= LONGEST_LINE)
}

fn line_start(text: &str, place: usize) -> usize {
    text[..place].rfind('\n').map_or(0, |newline| newline + 1)
}

fn line_end(text: &str, place: usize) -> usize {
    text[place..].find('\n').map_or(text.len(), |newline| place + newline)
}

fn line_number(text: &str, place: usize) -> usize {
    text.as_bytes()[..place].iter().filter(|byte| **byte == b'\n').count() + 1
}
