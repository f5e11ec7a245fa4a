//! Which entries of a matrix may differ from zero: rows one after another, as in compressed sparse row storage.

/// The entries of a matrix that may differ from zero.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Pattern {
    columns: usize,
    /// Where each row's entries begin, and where the last one's end.
    starts: Vec<u32>,
    /// The columns of the entries, ascending in each row.
    entries: Vec<u32>,
}

impl Pattern {
    /// A pattern of no rows yet.
    pub fn new(columns: usize) -> Self {
        Pattern { columns, starts: vec![0], entries: Vec::new() }
    }

    /// Every entry.
    pub fn full(rows: usize, columns: usize) -> Self {
        let row: Vec<u32> = (0..columns as u32).collect();
        let mut pattern = Pattern::new(columns);
        (0..rows).for_each(|_| pattern.push(row.iter().copied()));
        pattern
    }

    /// Adds a row with these columns, ascending.
    pub fn push(&mut self, row: impl IntoIterator<Item = u32>) {
        self.entries.extend(row);
        self.starts.push(self.entries.len() as u32);
    }

    /// The number of rows.
    pub fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// The number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The number of entries that may differ from zero.
    pub fn count(&self) -> usize {
        self.entries.len()
    }

    /// The columns of a row's entries, ascending.
    pub fn row(&self, row: usize) -> &[u32] {
        &self.entries[self.starts[row] as usize..self.starts[row + 1] as usize]
    }

    /// Where each row's entries begin in the list of all, and where the last one's end.
    pub fn starts(&self) -> &[u32] {
        &self.starts
    }

    /// The columns of all entries, row by row.
    pub fn entries(&self) -> &[u32] {
        &self.entries
    }

    /// Rows and columns exchanged.
    #[must_use]
    pub fn transposed(&self) -> Pattern {
        let mut starts = vec![0_u32; self.columns + 1];
        for column in &self.entries {
            starts[*column as usize + 1] += 1;
        }
        for column in 0..self.columns {
            starts[column + 1] += starts[column];
        }
        let mut next = starts.clone();
        let mut entries = vec![0; self.entries.len()];
        for row in 0..self.rows() {
            for column in self.row(row) {
                entries[next[*column as usize] as usize] = row as u32;
                next[*column as usize] += 1;
            }
        }
        Pattern { columns: self.rows(), starts, entries }
    }

    /// Some rows and columns as a matrix of their own.
    #[must_use]
    pub fn block(&self, rows: std::ops::Range<usize>, columns: std::ops::Range<usize>) -> Pattern {
        let mut block = Pattern::new(columns.len());
        for row in rows {
            let entries = self.row(row).iter().filter(|column| columns.contains(&(**column as usize)));
            block.push(entries.map(|column| column - columns.start as u32));
        }
        block
    }

    /// The most entries of a row: so many groups of columns there are at least.
    pub fn longest_row(&self) -> usize {
        (0..self.rows()).map(|row| self.row(row).len()).max().unwrap_or(0)
    }

    /// A group for each column, such that no row has two columns of one group; and the number of groups.
    ///
    /// Greedy, in the order of the columns: Curtis, Powell and Reid, "On the estimation of sparse Jacobian matrices"
    /// (1974).
    pub fn column_groups(&self) -> (Vec<u32>, usize) {
        if self.longest_row() == self.columns {
            return ((0..self.columns as u32).collect(), self.columns);
        }
        let by_column = self.transposed();
        let (mut groups, mut count) = (vec![u32::MAX; self.columns], 0);
        // `taken[g]` is the last column that found group `g` taken by a neighbour.
        let mut taken: Vec<u32> = Vec::new();
        for column in 0..self.columns {
            for row in by_column.row(column) {
                for neighbour in self.row(*row as usize) {
                    if let Some(group) = taken.get_mut(groups[*neighbour as usize] as usize) {
                        *group = column as u32;
                    }
                }
            }
            let free = taken.iter().position(|last| *last != column as u32).unwrap_or_else(|| {
                taken.push(u32::MAX);
                taken.len() - 1
            });
            groups[column] = free as u32;
            count = count.max(free + 1);
        }
        (groups, count)
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    fn tridiagonal(n: u32) -> Pattern {
        let mut pattern = Pattern::new(n as usize);
        (0..n).for_each(|row| pattern.push(row.saturating_sub(1)..=(row + 1).min(n - 1)));
        pattern
    }

    #[test]
    fn neighbours_of_a_band_are_in_different_groups() {
        let (groups, count) = tridiagonal(10).column_groups();
        assert_eq!((groups, count), (vec![0, 1, 2, 0, 1, 2, 0, 1, 2, 0], 3));
        assert_eq!(Pattern::full(2, 3).column_groups(), (vec![0, 1, 2], 3));
        let mut diagonal = Pattern::new(4);
        (0..4).for_each(|row| diagonal.push([row]));
        assert_eq!(diagonal.column_groups(), (vec![0; 4], 1));
    }

    #[test]
    fn transposed_twice_is_the_same() {
        let pattern = tridiagonal(5).block(1..5, 0..3);
        assert_eq!((pattern.rows(), pattern.columns(), pattern.count()), (4, 3, 6));
        assert_eq!(pattern.row(1), [1, 2]);
        assert_eq!(pattern.transposed().transposed(), pattern);
        assert_eq!(pattern.transposed().row(2), [0, 1, 2]);
    }
}
