//! The layout of a text of comma-separated values: delimiter, quotes, lines.
//!
//! Readers of CSV differ in what they make of a quote in the wrong place, of a blank line, of a carriage return in the
//! middle of a line. [`check`] refuses these, so that a text that passes has one reading. Two forms of cell are left:
//! a quoted one, which ends with the quote that is not doubled, and a bare one, which ends before the delimiter or the
//! line's end and in which a quote means itself.

/// A range of bytes within one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// Something in the layout that has no single reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A quoted cell that goes on to the end of the file; at its quote.
    Unclosed,
    /// Text between a closing quote and the cell's end.
    AfterQuote,
    /// Blanks between the cell's start and an opening quote.
    BeforeQuote,
    /// A carriage return without a line feed.
    CarriageReturn,
    /// A line without anything, with more lines after it.
    BlankLine,
}

/// The delimiter that the header shows: the comma, unless it has none and either semicolons or tabs.
pub(super) fn delimiter(text: &str) -> u8 {
    let mut quoted = false;
    let (mut comma, mut semicolon, mut tab) = (false, false, false);
    for byte in text.bytes() {
        match byte {
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'\n' => break,
            b',' => comma = true,
            b';' => semicolon = true,
            b'\t' => tab = true,
            _ => {}
        }
    }
    match (comma, semicolon, tab) {
        (false, true, false) => b';',
        (false, false, true) => b'\t',
        _ => b',',
    }
}

/// Checks that the text has one reading. It must not end with an end of line.
pub(super) fn check(text: &str, delimiter: u8) -> Result<(), (Fault, Place)> {
    let mut cells = Cells::new(text, delimiter, 0, 1);
    while cells.at < text.len() {
        let start = cells.at;
        if cells.end_of_line(start).is_some() {
            return Err((Fault::BlankLine, Place { line: cells.line, start, end: start }));
        }
        while !cells.next()?.last {}
    }
    Ok(())
}

/// The place of a cell: the cell number `index` of the row that starts at `row`, in line `line`.
///
/// A cell of several lines is cut at the end of its first one, or the place would not lie in one line.
pub(super) fn place_of_cell(text: &str, delimiter: u8, row: usize, line: usize, index: usize) -> Place {
    let mut cells = Cells::new(text, delimiter, row, line);
    for _ in 0..index {
        if cells.next().is_ok_and(|cell| cell.last) {
            break;
        }
    }
    let (line, start) = (cells.line, cells.at);
    let end = cells.next().map_or(start, |cell| cell.end);
    let end = text[start..end].find(['\r', '\n']).map_or(end, |length| start + length);
    Place { line, start, end }
}

/// The end of the line that contains the byte place `from`, without its carriage return.
pub(super) fn line_end(text: &str, from: usize) -> usize {
    let rest = &text[from..];
    let line = rest.find('\n').map_or(rest, |length| &rest[..length]);
    from + line.strip_suffix('\r').unwrap_or(line).len()
}

/// Walks over the cells of a text.
struct Cells<'a> {
    bytes: &'a [u8],
    delimiter: u8,
    /// The start of the next cell.
    at: usize,
    /// Its line.
    line: usize,
}

/// Where a cell ends.
struct CellEnd {
    end: usize,
    /// Whether it is the last of its row.
    last: bool,
}

impl<'a> Cells<'a> {
    fn new(text: &'a str, delimiter: u8, at: usize, line: usize) -> Self {
        Cells { bytes: text.as_bytes(), delimiter, at, line }
    }

    /// Steps over one cell and what ends it.
    fn next(&mut self) -> Result<CellEnd, (Fault, Place)> {
        if self.bytes.get(self.at) == Some(&b'"') { self.quoted() } else { self.bare() }
    }

    fn bare(&mut self) -> Result<CellEnd, (Fault, Place)> {
        let start = self.at;
        let delimiter = self.delimiter;
        let ends = |byte: &u8| *byte == delimiter || matches!(*byte, b'\n' | b'\r');
        let end = self.bytes[start..].iter().position(ends).map_or(self.bytes.len(), |length| start + length);
        let blanks = self.bytes[start..end].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        if self.bytes[start..end].get(blanks) == Some(&b'"') {
            return Err((Fault::BeforeQuote, self.place(start, start + blanks + 1)));
        }
        self.finish(end, Fault::CarriageReturn)
    }

    fn quoted(&mut self) -> Result<CellEnd, (Fault, Place)> {
        let (start, line) = (self.at, self.line);
        let mut at = start + 1;
        loop {
            match (self.bytes.get(at), self.bytes.get(at + 1)) {
                (None, _) => return Err((Fault::Unclosed, Place { line, start, end: start + 1 })),
                (Some(b'"'), Some(b'"')) => at += 2,
                (Some(b'"'), _) => break,
                (Some(b'\n'), _) => {
                    self.line += 1;
                    at += 1;
                }
                _ => at += 1,
            }
        }
        self.finish(at + 1, Fault::AfterQuote)
    }

    /// Steps over the delimiter or the end of line at `end`; anything else there is `fault`.
    fn finish(&mut self, end: usize, fault: Fault) -> Result<CellEnd, (Fault, Place)> {
        if self.bytes.get(end) == Some(&self.delimiter) {
            self.at = end + 1;
            return Ok(CellEnd { end, last: false });
        }
        match self.end_of_line(end) {
            Some(length) => {
                self.at = end + length;
                self.line += usize::from(length > 0);
                Ok(CellEnd { end, last: true })
            }
            None => Err((fault, self.place(end, end + character_length(self.bytes[end])))),
        }
    }

    /// The length of the end of line at a place, if there is one. The end of the text ends a line with nothing.
    fn end_of_line(&self, at: usize) -> Option<usize> {
        match (self.bytes.get(at), self.bytes.get(at + 1)) {
            (None, _) => Some(0),
            (Some(b'\n'), _) => Some(1),
            (Some(b'\r'), Some(b'\n')) => Some(2),
            (Some(b'\r'), None) => Some(1),
            _ => None,
        }
    }

    fn place(&self, start: usize, end: usize) -> Place {
        Place { line: self.line, start, end }
    }
}

/// The length of the UTF-8 character that starts with this byte.
fn character_length(first: u8) -> usize {
    (first.leading_ones() as usize).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_shows_the_delimiter() {
        for (text, expected) in [
            ("a,b\n1;2", b','),
            ("a;b\n1,5;2", b';'),
            ("a\tb\n1\t2", b'\t'),
            ("a,b;c\n", b','),
            ("a;b\tc\n", b','),
            ("a\n1;2\n", b','),
            ("\"a;b\"\n1", b','),
            ("\"a,b\";c\n1;2", b';'),
            ("\"a\n,b\"\tc\n", b'\t'),
            ("", b','),
        ] {
            assert_eq!(delimiter(text), expected, "{text:?}");
        }
    }

    #[test]
    fn one_reading() {
        for text in ["", "a", "a,b\n1,2", "a,b\r\n1,2", "\"a\"\"x\",b\n1,\"2\"", "\"a\nx\",b\n1,2", "a\n1\"2,it's"] {
            assert_eq!(check(text, b','), Ok(()), "{text:?}");
        }
    }

    #[test]
    fn faults_have_a_place() {
        for (text, fault, line, start, end) in [
            ("a,b\n1,\"2\n3,4", Fault::Unclosed, 2, 6, 7),
            ("a,b\n\"x\ny\",\"2\n3,4\"\"", Fault::Unclosed, 3, 10, 11),
            ("a,b\n\"1\"2,3", Fault::AfterQuote, 2, 7, 8),
            ("a,b\n\"x\ny\" ,3", Fault::AfterQuote, 3, 9, 10),
            ("a,b\n\"x\\\"y\",3", Fault::AfterQuote, 2, 8, 9),
            ("a,b\n1, \"2\"", Fault::BeforeQuote, 2, 6, 8),
            ("a,b\n\"1\"é,3", Fault::AfterQuote, 2, 7, 9),
            ("a\r1\r2", Fault::CarriageReturn, 1, 1, 2),
            ("a\n1\n\n2", Fault::BlankLine, 3, 4, 4),
            ("a\r\n\r\n2", Fault::BlankLine, 2, 3, 3),
        ] {
            assert_eq!(check(text, b','), Err((fault, Place { line, start, end })), "{text:?}");
        }
    }

    #[test]
    fn cells_have_a_place() {
        let text = "a,b\n\"x\n,y\",zz\n";
        assert_eq!(place_of_cell(text, b',', 0, 1, 1), Place { line: 1, start: 2, end: 3 });
        assert_eq!(place_of_cell(text, b',', 4, 2, 0), Place { line: 2, start: 4, end: 6 });
        assert_eq!(place_of_cell(text, b',', 4, 2, 1), Place { line: 3, start: 11, end: 13 });
        assert_eq!(line_end("ab\r\nc", 1), 2);
        assert_eq!(line_end("ab\r\nc", 4), 5);
    }
}
