//! A canvas of small dots for a terminal: two across and four down in each letter.

/// Dots in letters, each with the number of a colour.
pub(super) struct Canvas {
    columns: usize,
    rows: usize,
    letters: Vec<Letter>,
}

/// A letter of a canvas.
#[derive(Clone, Copy, Default)]
pub(super) struct Letter {
    dots: u8,
    /// A sign in place of dots.
    sign: Option<char>,
    /// The number of its colour among the 256 of terminals.
    pub(super) color: Option<u8>,
}

impl Letter {
    /// As it is written.
    pub(super) fn written(self) -> char {
        match (self.sign, self.dots) {
            (Some(sign), _) => sign,
            (None, 0) => ' ',
            (None, dots) => char::from_u32(0x2800 + u32::from(dots)).unwrap_or(' '),
        }
    }
}

/// The bits of the dots of a letter, row by row.
const BITS: [[u8; 2]; 4] = [[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]];

impl Canvas {
    pub(super) fn new(columns: usize, rows: usize) -> Self {
        Canvas { columns, rows, letters: vec![Letter::default(); columns * rows] }
    }

    /// The number of dots across and down.
    pub(super) fn dots(&self) -> (usize, usize) {
        (self.columns * 2, self.rows * 4)
    }

    /// Sets a dot, counted from the upper left corner.
    pub(super) fn dot(&mut self, x: usize, y: usize, color: u8) {
        if x / 2 < self.columns && y / 4 < self.rows {
            let letter = &mut self.letters[y / 4 * self.columns + x / 2];
            letter.dots |= BITS[y % 4][x % 2];
            letter.color = Some(color);
        }
    }

    /// Sets a sign.
    pub(super) fn sign(&mut self, column: usize, row: usize, sign: char, color: Option<u8>) {
        if column < self.columns && row < self.rows {
            self.letters[row * self.columns + column] = Letter { dots: 0, sign: Some(sign), color };
        }
    }

    /// A row of letters.
    pub(super) fn row(&self, row: usize) -> &[Letter] {
        &self.letters[row * self.columns..(row + 1) * self.columns]
    }
}
