//! The states of a loop computed again for another that runs the other way, in the order of [`revolve`].
//!
//! The two loops come as compiled programs that do some neighbouring steps of them ([`Entry`]). Their inputs are the first of
//! the rows at hand, the number of steps, the states, the rows and what every step sees; this driver moves the pointers.

use super::guard::{STOPPED, guarded};
use super::revolve::{Action, revolve};

/// A compiled program: pointers to inputs, pointers to outputs, workspace; zero if nothing failed.
pub type Entry = unsafe extern "C" fn(*const *const u8, *const *mut u8, *mut u8) -> i64;

/// The sizes of a replay.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct ReplayDescriptor {
    /// The number of rows.
    pub trips: usize,
    /// How many states of the loop that is replayed are kept at a time.
    pub slots: usize,
    /// How many of those are given: the initial ones, and those that every so many steps begin with.
    pub given: usize,
    /// How many steps there are from one given state to the next.
    pub period: usize,
    /// Whether that loop goes from the last row to the first; the other goes the other way.
    pub backward: bool,
    /// The bytes of each of its states.
    pub kept: Vec<usize>,
    /// The bytes of a row of each of its sequences.
    pub sequences: Vec<usize>,
    /// What each of its steps sees the whole of.
    pub invariants: usize,
    /// The bytes of each state of the other loop.
    pub back_states: Vec<usize>,
    /// The bytes of a row of each sequence of the other loop, the states of the first left out.
    pub back_sequences: Vec<usize>,
    /// What each of its steps sees the whole of.
    pub back_invariants: usize,
    /// The bytes of a row of each of its stacked outputs.
    pub back_stacked: Vec<usize>,
}

/// What the table that generated code fills begins with.
#[repr(C)]
pub struct ReplayTable {
    /// Does steps of the first loop; its outputs are the states.
    pub advance: Entry,
    /// Does steps of the first loop; its outputs are the states after each step.
    pub record: Entry,
    /// Does steps of the other loop; its outputs are its states, then its stacked outputs.
    pub back: Entry,
    /// The workspace of the programs.
    pub workspace: *mut u8,
    /// A word for each slot.
    pub positions: *mut usize,
    /// The tables of pointers that a program takes, one after another.
    pub pointers: *mut *mut u8,
}

/// The words of a [`ReplayTable`]; then come, for the first loop, the given states, the slots of each state, the
/// sequences, the invariants; for the other loop the initial states, two memories for each state (the first for the
/// result), the sequences, the invariants, the stacked outputs.
pub const TABLE_WORDS: usize = size_of::<ReplayTable>() / 8;

impl ReplayDescriptor {
    /// The words of the table.
    pub fn table_words(&self) -> usize {
        let first = 2 * self.kept.len() + self.sequences.len() + self.invariants;
        let other = 3 * self.back_states.len() + self.back_sequences.len() + self.back_invariants;
        TABLE_WORDS + first + other + self.back_stacked.len()
    }

    /// The words of the tables of pointers that a program takes.
    pub fn pointer_words(&self) -> usize {
        let first = 2 + 2 * self.kept.len() + self.sequences.len() + self.invariants;
        let back = 2 + self.kept.len() + 2 * self.back_states.len() + self.back_sequences.len() + self.back_invariants;
        first.max(back + self.back_stacked.len())
    }
}

/// The pointers of one replay.
struct Pointers<'a> {
    given: &'a [*mut u8],
    slots: &'a [*mut u8],
    sequences: &'a [*mut u8],
    invariants: &'a [*mut u8],
    back_initial: &'a [*mut u8],
    back_states: [&'a [*mut u8]; 2],
    back_sequences: &'a [*mut u8],
    back_invariants: &'a [*mut u8],
    back_stacked: &'a [*mut u8],
}

impl<'a> Pointers<'a> {
    fn new(descriptor: &ReplayDescriptor, words: &'a [*mut u8]) -> Self {
        let mut rest = words;
        let mut take = |count: usize| {
            let (taken, others) = rest.split_at(count);
            rest = others;
            taken
        };
        let (states, back_states) = (descriptor.kept.len(), descriptor.back_states.len());
        Pointers {
            given: take(states),
            slots: take(states),
            sequences: take(descriptor.sequences.len()),
            invariants: take(descriptor.invariants),
            back_initial: take(back_states),
            back_states: [take(back_states), take(back_states)],
            back_sequences: take(descriptor.back_sequences.len()),
            back_invariants: take(descriptor.back_invariants),
            back_stacked: take(descriptor.back_stacked.len()),
        }
    }
}

/// A replay that runs.
struct Run<'a> {
    descriptor: &'a ReplayDescriptor,
    table: &'a ReplayTable,
    pointers: Pointers<'a>,
    /// The number of steps in all.
    steps: usize,
    /// Which memory holds the states of the other loop.
    current: usize,
}

/// Runs the other loop over all steps of the first.
///
/// # Safety
/// The table is as [`ReplayTable`] and [`TABLE_WORDS`] say, of memory that fits the descriptor and does not overlap, and the
/// programs keep to the pointers they are given. There are no more steps than trips.
#[inline(never)]
pub unsafe extern "C" fn replay(descriptor: *const ReplayDescriptor, table: *mut ReplayTable, steps: usize) -> i64 {
    // SAFETY: the caller's promise.
    guarded(STOPPED, || unsafe { run(descriptor, table, steps) })
}

/// # Safety
/// As of [`replay`].
unsafe fn run(descriptor: *const ReplayDescriptor, table: *mut ReplayTable, steps: usize) -> i64 {
    // SAFETY: generated code passes a descriptor that it keeps, and a table that it has filled for it.
    let (descriptor, words) = unsafe {
        let descriptor = &*descriptor;
        let first = table.cast::<*mut u8>().add(TABLE_WORDS);
        (descriptor, std::slice::from_raw_parts(first, descriptor.table_words() - TABLE_WORDS))
    };
    // SAFETY: as above; there is a word for each slot, which nothing else uses.
    let (table, positions) = unsafe { (&*table, std::slice::from_raw_parts_mut((*table).positions, descriptor.slots)) };
    let pointers = Pointers::new(descriptor, words);
    let mut run = Run { descriptor, table, pointers, steps, current: 0 };
    // SAFETY: the caller's promise.
    unsafe {
        run.begin(positions);
        let result = revolve(positions, descriptor.given, steps, |action| match run.act(action) {
            0 => Ok(()),
            status => Err(status),
        });
        if let Err(status) = result {
            return status;
        }
        run.end();
    }
    0
}

impl Run<'_> {
    unsafe fn begin(&mut self, positions: &mut [usize]) {
        let descriptor = self.descriptor;
        for (slot, position) in positions.iter_mut().enumerate().take(descriptor.given) {
            *position = slot * descriptor.period;
            let row = self.row_of_slots(slot, 1);
            for ((from, to), bytes) in self.pointers.given.iter().zip(self.pointers.slots).zip(&descriptor.kept) {
                // SAFETY: memory of so many rows each, apart from one another.
                unsafe { std::ptr::copy_nonoverlapping(from.add(slot * bytes), to.add(row * bytes), *bytes) };
            }
        }
        let (from, to) = (self.pointers.back_initial, self.pointers.back_states[0]);
        for ((from, to), bytes) in from.iter().zip(to).zip(&descriptor.back_states) {
            // SAFETY: memory of so many bytes each, apart from one another.
            unsafe { std::ptr::copy_nonoverlapping(*from, *to, *bytes) };
        }
    }

    /// The row of the memory of slots at which so many slots from one on begin: rows lie in the order of the loops' rows.
    fn row_of_slots(&self, slot: usize, count: usize) -> usize {
        if self.descriptor.backward { self.descriptor.slots - slot - count } else { slot }
    }

    /// The first row of so many steps from one on.
    fn row_of_steps(&self, start: usize, count: usize) -> usize {
        if self.descriptor.backward { self.steps - start - count } else { start }
    }

    unsafe fn act(&mut self, action: Action) -> i64 {
        // SAFETY: the actions keep to the steps and slots there are.
        unsafe {
            match action {
                Action::Advance { slot, start, steps } => {
                    let to = self.row_of_slots(slot + 1, 1);
                    self.first_loop(self.table.advance, slot, start, steps, to)
                }
                Action::Undo { slot, start, steps } => {
                    if steps > 1 {
                        let to = self.row_of_slots(slot + 1, steps - 1);
                        let status = self.first_loop(self.table.record, slot, start, steps - 1, to);
                        if status != 0 {
                            return status;
                        }
                    }
                    self.other_loop(slot, start, steps)
                }
            }
        }
    }

    /// Steps of the first loop from the state in a slot; what they give goes to a row of the memory of slots.
    unsafe fn first_loop(&self, program: Entry, slot: usize, start: usize, steps: usize, to: usize) -> i64 {
        let (row, from) = (self.row_of_steps(start, steps), self.row_of_slots(slot, 1));
        let (pointers, descriptor) = (&self.pointers, self.descriptor);
        // SAFETY: rows and slots are inside; the table of pointers has room for all of them.
        unsafe {
            let mut table = Writer(self.table.pointers);
            let inputs = table.0;
            table.word((&raw const row).cast_mut().cast());
            table.word((&raw const steps).cast_mut().cast());
            table.rows(pointers.slots, &descriptor.kept, from);
            table.rows(pointers.sequences, &descriptor.sequences, row);
            table.whole(pointers.invariants);
            let outputs = table.0;
            table.rows(pointers.slots, &descriptor.kept, to);
            program(inputs.cast(), outputs, self.table.workspace)
        }
    }

    /// Steps of the other loop, over states that are in slots.
    unsafe fn other_loop(&mut self, slot: usize, start: usize, steps: usize) -> i64 {
        let (row, kept) = (self.row_of_steps(start, steps), self.row_of_slots(slot, steps));
        let (pointers, descriptor) = (&self.pointers, self.descriptor);
        // SAFETY: as above.
        let status = unsafe {
            let mut table = Writer(self.table.pointers);
            let inputs = table.0;
            table.word((&raw const row).cast_mut().cast());
            table.word((&raw const steps).cast_mut().cast());
            table.whole(pointers.back_states[self.current]);
            table.rows(pointers.slots, &descriptor.kept, kept);
            table.rows(pointers.back_sequences, &descriptor.back_sequences, row);
            table.whole(pointers.back_invariants);
            let outputs = table.0;
            table.whole(pointers.back_states[1 - self.current]);
            table.rows(pointers.back_stacked, &descriptor.back_stacked, row);
            (self.table.back)(inputs.cast(), outputs, self.table.workspace)
        };
        self.current = 1 - self.current;
        status
    }

    /// Puts the last states in their places, and zero in the rows that no step wrote.
    unsafe fn end(&self) {
        let (descriptor, [last, other]) = (self.descriptor, self.pointers.back_states);
        // SAFETY: memory of so many bytes each, apart from one another.
        unsafe {
            if self.current == 1 {
                for ((from, to), bytes) in other.iter().zip(last).zip(&descriptor.back_states) {
                    std::ptr::copy_nonoverlapping(*from, *to, *bytes);
                }
            }
            for (start, bytes) in self.pointers.back_stacked.iter().zip(&descriptor.back_stacked) {
                std::ptr::write_bytes(start.add(self.steps * bytes), 0, (descriptor.trips - self.steps) * bytes);
            }
        }
    }
}

/// Writes a table of pointers.
struct Writer(*mut *mut u8);

impl Writer {
    unsafe fn word(&mut self, pointer: *mut u8) {
        // SAFETY: the caller sees to it that there is room.
        unsafe {
            self.0.write(pointer);
            self.0 = self.0.add(1);
        }
    }

    unsafe fn whole(&mut self, pointers: &[*mut u8]) {
        // SAFETY: as above.
        pointers.iter().for_each(|pointer| unsafe { self.word(*pointer) });
    }

    /// Pointers to one row of each.
    unsafe fn rows(&mut self, pointers: &[*mut u8], bytes: &[usize], row: usize) {
        for (pointer, bytes) in pointers.iter().zip(bytes) {
            // SAFETY: as above; the row is inside.
            unsafe { self.word(pointer.add(row * bytes)) };
        }
    }
}
