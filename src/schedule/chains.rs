//! Chains: light operations of a strip that run in one loop, so that what they give each other stays in registers.
//!
//! The instructions of a strip are put in an order in which light ones stand together and between them what is a call of
//! its own: elementary functions, reductions, checked integers. From the last instruction backwards, all of a kind that
//! nothing later keeps waiting are taken before the other kind has its turn, which leaves the fewest chains and brings values
//! near their readers.

use super::{Buffer, Operand, Place, StripInstruction, StripOp, Target};
use crate::ir::{ElementType, Instruction, Reduction};
use crate::runtime::reduce::ReduceShape;
use std::collections::BinaryHeap;
use std::ops::Range;

/// The most instructions of a chain: more would not find registers, and would take long to be given some.
const LONGEST: usize = 48;

/// What a chain's numbers are like. All have one width, so that vectors have equally many lanes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A call of its own.
    Call,
    /// In chains of numbers of so many bytes.
    Link(usize),
    /// In any chain: truth values only.
    Logic,
}

/// The kind of an instruction whose arguments have these types.
pub fn kind(instruction: &StripInstruction, arguments: &[ElementType]) -> Kind {
    use Instruction as I;
    let to = instruction.element;
    let links = match &instruction.op {
        StripOp::Copy => true,
        StripOp::Expand(view) => view.layout.is_splat(),
        StripOp::Pointwise(definition) => {
            let number = arguments.iter().copied().find(|element| *element != ElementType::Bool);
            match (definition.0.instruction, number) {
                (None, _) => false,
                (Some(I::Identity | I::Select | I::And | I::Or | I::Not), _) => true,
                (Some(I::Convert), Some(from)) => to == ElementType::Bool || from == to,
                (Some(I::Convert), None) => true,
                (Some(I::Equal | I::NotEqual | I::Less | I::LessEqual | I::Greater | I::GreaterEqual), from) => {
                    from.is_some()
                }
                (Some(_), from) => from.is_some_and(ElementType::is_real),
            }
        }
        StripOp::Accumulate { reduction, outer, n, inner, .. } => {
            let shape = ReduceShape { outer: *outer, length: *n, inner: *inner };
            let folds = matches!(reduction, Reduction::Sum | Reduction::Product | Reduction::Max | Reduction::Min);
            folds && to.is_real() && shape.has_few_lanes()
        }
        StripOp::Mix | StripOp::Random(_) => false,
    };
    if !links {
        return Kind::Call;
    }
    let mut numbers = arguments.iter().chain([&to]).filter(|element| **element != ElementType::Bool);
    match numbers.next() {
        None => Kind::Logic,
        Some(first) if numbers.all(|other| other.bytes() == first.bytes()) => Kind::Link(first.bytes()),
        Some(_) => Kind::Call,
    }
}

/// Puts the instructions of a strip in order; returns which of them are chains.
pub fn arrange(instructions: &mut Vec<StripInstruction>, buffers: &[Buffer]) -> Vec<Range<usize>> {
    let kinds: Vec<Kind> = (0..instructions.len()).map(|place| kind_at(instructions, buffers, place)).collect();
    let (order, runs) = order(&kinds, &before(instructions, buffers, &kinds), &followers(instructions, &kinds));
    let mut place_of = vec![0; order.len()];
    for (place, old) in order.iter().enumerate() {
        place_of[*old] = place;
    }
    let mut arranged: Vec<StripInstruction> = order.iter().map(|old| instructions[*old].clone()).collect();
    for instruction in &mut arranged {
        for operand in &mut instruction.arguments {
            if let Operand::Value(value) = operand {
                *value = place_of[*value];
            }
        }
    }
    *instructions = arranged;
    keep_in_registers(instructions, &runs);
    runs
}

fn kind_at(instructions: &[StripInstruction], buffers: &[Buffer], place: usize) -> Kind {
    let element = |operand: &Operand| match operand {
        Operand::Value(value) => instructions[*value].element,
        Operand::Direct { buffer, .. } | Operand::Splat { buffer, .. } => buffers[buffer.index()].element,
    };
    let arguments: smallvec::SmallVec<[ElementType; 3]> = instructions[place].arguments.iter().map(element).collect();
    kind(&instructions[place], &arguments)
}

/// For each instruction, those that must come before it: its arguments, what reads an input that it may replace, and
/// what may fail earlier.
fn before(instructions: &[StripInstruction], buffers: &[Buffer], kinds: &[Kind]) -> Vec<Vec<usize>> {
    let mut before: Vec<Vec<usize>> = Vec::with_capacity(instructions.len());
    let (mut readers, mut failing): (Vec<usize>, Option<usize>) = (Vec::new(), None);
    for (place, instruction) in instructions.iter().enumerate() {
        let mut own: Vec<usize> = Vec::new();
        let mut reads = false;
        for operand in &instruction.arguments {
            match operand {
                Operand::Value(value) => own.push(*value),
                Operand::Direct { buffer, .. } => reads |= matches!(buffers[buffer.index()].place, Place::Input(_)),
                Operand::Splat { .. } => {}
            }
        }
        if let Target::Buffer(buffer) = instruction.target
            && !matches!(instruction.op, StripOp::Accumulate { .. })
            && matches!(buffers[buffer.index()].place, Place::Output(_))
        {
            own.extend(&readers);
        }
        let computes = matches!(instruction.op, StripOp::Pointwise(_) | StripOp::Accumulate { .. });
        if computes && kinds[place] == Kind::Call && instruction.element == ElementType::I64 {
            own.extend(failing.replace(place));
        }
        if reads {
            readers.push(place);
        }
        before.push(own);
    }
    before
}

/// For each link, the reductions of it: they come right behind it, whatever else could.
fn followers(instructions: &[StripInstruction], kinds: &[Kind]) -> Vec<Vec<usize>> {
    let mut followers = vec![Vec::new(); instructions.len()];
    for (place, instruction) in instructions.iter().enumerate() {
        if let (StripOp::Accumulate { .. }, [Operand::Value(value)]) = (&instruction.op, &instruction.arguments[..])
            && kinds[place] != Kind::Call
            && kinds[*value] == kinds[place]
        {
            followers[*value].push(place);
        }
    }
    followers
}

/// An order in which everything comes after what must be before it, and the chains in it.
fn order(kinds: &[Kind], before: &[Vec<usize>], followers: &[Vec<usize>]) -> (Vec<usize>, Vec<Range<usize>>) {
    let mut follows = vec![false; kinds.len()];
    followers.iter().flatten().for_each(|place| follows[*place] = true);
    let mut waits_for = vec![0usize; kinds.len()];
    let leaders = (0..kinds.len()).filter(|place| !follows[*place]);
    leaders.clone().flat_map(|place| &before[place]).for_each(|earlier| waits_for[*earlier] += 1);
    let mut ready = Ready::default();
    leaders.filter(|place| waits_for[*place] == 0).for_each(|place| ready.push(kinds[place], place));
    let (mut backwards, mut runs): (Vec<usize>, Vec<Range<usize>>) = (Vec::new(), Vec::new());
    let mut current = Kind::Call;
    while backwards.len() < kinds.len() {
        let start = backwards.len();
        while let Some(place) = ready.pop(&mut current) {
            backwards.extend(&followers[place]);
            backwards.push(place);
            for earlier in &before[place] {
                waits_for[*earlier] -= 1;
                if waits_for[*earlier] == 0 {
                    ready.push(kinds[*earlier], *earlier);
                }
            }
            if current != Kind::Call && backwards.len() - start >= LONGEST {
                break;
            }
        }
        if current != Kind::Call && backwards.len() - start > 1 {
            runs.push(start..backwards.len());
        }
        current = ready.next(current);
    }
    backwards.reverse();
    let turned = |run: &Range<usize>| kinds.len() - run.end..kinds.len() - run.start;
    (backwards, runs.iter().rev().map(turned).collect())
}

/// The instructions that nothing keeps waiting, the latest first, by kind.
#[derive(Default)]
struct Ready([BinaryHeap<usize>; 4]);

impl Ready {
    const KINDS: [Kind; 4] = [Kind::Call, Kind::Link(4), Kind::Link(8), Kind::Logic];

    fn heap(kind: Kind) -> usize {
        Self::KINDS.iter().position(|each| *each == kind).unwrap_or_default()
    }

    fn push(&mut self, kind: Kind, place: usize) {
        self.0[Self::heap(kind)].push(place);
    }

    fn latest(&self, kind: Kind) -> Option<usize> {
        self.0[Self::heap(kind)].peek().copied()
    }

    /// The kind of the latest of some kinds.
    fn latest_of(&self, kinds: &[Kind]) -> Kind {
        let latest = kinds.iter().copied().max_by_key(|kind| self.latest(*kind));
        latest.unwrap_or(Kind::Call)
    }

    /// The next of the current kind. Truth values go with numbers of any width; behind truth values the first number decides.
    fn pop(&mut self, current: &mut Kind) -> Option<usize> {
        if *current == Kind::Logic && self.latest(Kind::Logic).is_none() {
            *current = self.latest_of(&[Kind::Link(4), Kind::Link(8)]);
        }
        let from = match current {
            Kind::Link(_) => self.latest_of(&[*current, Kind::Logic]),
            _ => *current,
        };
        self.0[Self::heap(from)].pop()
    }

    /// What follows when nothing more of a kind is to be taken.
    fn next(&self, current: Kind) -> Kind {
        if current != Kind::Call && self.latest(Kind::Call).is_some() {
            return Kind::Call;
        }
        self.latest_of(&[Kind::Link(4), Kind::Link(8), Kind::Logic])
    }
}

/// Values that only their own chain reads are in registers.
fn keep_in_registers(instructions: &mut [StripInstruction], runs: &[Range<usize>]) {
    let mut run_of = vec![usize::MAX; instructions.len()];
    for (number, run) in runs.iter().enumerate() {
        run_of[run.clone()].fill(number);
    }
    let mut leaves = vec![false; instructions.len()];
    for (place, instruction) in instructions.iter().enumerate() {
        for operand in &instruction.arguments {
            if let Operand::Value(value) = operand {
                leaves[*value] |= run_of[*value] != run_of[place];
            }
        }
    }
    for (place, instruction) in instructions.iter_mut().enumerate() {
        let stays = run_of[place] != usize::MAX && !leaves[place];
        if stays && matches!(instruction.target, Target::Slot(_)) {
            instruction.target = Target::Register;
        }
    }
}
