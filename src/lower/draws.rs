//! Random draws: which number a draw gives.
//!
//! A draw without a key is keyed by the seed, the chain of places in the text that leads to it, the step, the example,
//! and the indices and loop steps around it. A draw with a key is keyed by that and the same indices and loop steps.

use super::Lowerer;
use crate::check::program::{Progress, Typed};
use crate::ir::{Distribution, ElementType, NodeId};
use crate::ops::choice::conversion;
use crate::source::Span;

/// What a training run says of the draws in its loss.
#[derive(Clone, Copy)]
pub(super) struct TrainingDraws {
    /// The seed of the run.
    pub seed: u64,
    /// The number of the example at hand.
    pub example: Option<NodeId>,
}

impl Lowerer<'_> {
    /// A random number.
    pub(super) fn draw(&mut self, distribution: Distribution, key: &Typed) -> NodeId {
        let key = self.tensor(key);
        let key = self.with_surroundings(key);
        self.graph.random(distribution, key, self.real)
    }

    /// The key of a draw that has none, at a place of the text.
    pub(super) fn implied_key(&mut self, site: Span) -> NodeId {
        let seed = self.draws.map_or(self.program.seed, |draws| draws.seed);
        let place = hashed(further(self.site, site), &seed.to_le_bytes());
        let mut key = self.graph.integer(place as i64);
        if let Some(draws) = self.draws {
            let step = self.progress(Progress::Step);
            let step = self.graph.pointwise(conversion(ElementType::I64), &[step]);
            key = self.graph.mix(key, step);
            if let Some(example) = draws.example {
                key = self.graph.mix(key, example);
            }
        }
        key
    }

    fn with_surroundings(&mut self, key: NodeId) -> NodeId {
        self.surroundings.clone().into_iter().fold(key, |key, position| self.graph.mix(key, position))
    }
}

/// The chain of places in the text with one more, as a number.
pub(super) fn further(chain: u64, place: Span) -> u64 {
    let words = [place.source.0, place.start, place.end];
    words.iter().fold(chain, |chain, word| hashed(chain, &word.to_le_bytes()))
}

/// A number with some bytes mixed in (FNV-1a).
fn hashed(number: u64, bytes: &[u8]) -> u64 {
    let begun = number ^ 0xCBF2_9CE4_8422_2325;
    bytes.iter().fold(begun, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3))
}
