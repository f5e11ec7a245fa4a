//! Random numbers by counter: a key and a position give the number, with no state in between.
//!
//! The generator is Philox 4x32 with 10 rounds (Salmon, Moraes, Dror and Shaw 2011): a bijection of 128 bits keyed by the
//! seed. The position counts blocks of two 64-bit words; the stream is the other half of the counter, so different
//! streams of one seed never meet.

use super::math::double;

/// Which numbers: equal keys give equal numbers on every platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// The seed of the whole run.
    pub seed: u64,
    /// Which of its streams, for instance a hash of the path of a parameter.
    pub stream: u64,
}

const ROUNDS: usize = 10;
const MULTIPLIERS: [u32; 2] = [0xD251_1F53, 0xCD9E_8D57];
const KEY_STEPS: [u32; 2] = [0x9E37_79B9, 0xBB67_AE85];

/// One block of the generator.
#[inline(always)]
fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for round in 0..ROUNDS {
        if round > 0 {
            key = [key[0].wrapping_add(KEY_STEPS[0]), key[1].wrapping_add(KEY_STEPS[1])];
        }
        let first = u64::from(MULTIPLIERS[0]) * u64::from(counter[0]);
        let second = u64::from(MULTIPLIERS[1]) * u64::from(counter[2]);
        counter = [
            (second >> 32) as u32 ^ counter[1] ^ key[0],
            second as u32,
            (first >> 32) as u32 ^ counter[3] ^ key[1],
            first as u32,
        ];
    }
    counter
}

impl Key {
    /// The two words at a block position.
    #[inline(always)]
    pub fn block(self, position: u64) -> [u64; 2] {
        let counter = [position as u32, (position >> 32) as u32, self.stream as u32, (self.stream >> 32) as u32];
        let words = philox(counter, [self.seed as u32, (self.seed >> 32) as u32]);
        let join = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
        [join(words[0], words[1]), join(words[2], words[3])]
    }

    /// The word at a position: 64 random bits.
    #[inline(always)]
    pub fn word(self, position: u64) -> u64 {
        self.block(position / 2)[(position % 2) as usize]
    }

    /// The number in [0, 1) at a position.
    #[inline(always)]
    pub fn uniform(self, position: u64) -> f64 {
        to_uniform(self.word(position))
    }

    /// The standard normal number at a position; it uses both words of the block at that position.
    #[inline(always)]
    pub fn normal(self, position: u64) -> f64 {
        let [first, second] = self.block(position);
        to_normal(first, second)
    }

    /// The key of a part: another stream of the same seed, found by mixing.
    #[must_use]
    pub const fn child(self, index: u64) -> Self {
        Self { seed: self.seed, stream: mix_words(self.stream, index) }
    }

    /// The numbers of this key one after the other.
    pub const fn sequence(self) -> Sequence {
        Sequence::at(self, 0)
    }
}

/// The stream of the numbers that programs draw by keys of their own.
const DRAWS: u64 = 0x6472_6177;

/// The uniform number of a key that a program made.
#[inline(always)]
pub fn draw_uniform(key: u64) -> f64 {
    Key { seed: key, stream: DRAWS }.uniform(0)
}

/// The standard normal number of a key that a program made.
#[inline(always)]
pub fn draw_normal(key: u64) -> f64 {
    Key { seed: key, stream: DRAWS }.normal(0)
}

/// Two words mixed into one; for a fixed word of either a bijection of the other.
#[inline(always)]
pub const fn mix_words(first: u64, second: u64) -> u64 {
    mix(first ^ mix(second.wrapping_add(1)))
}

/// A bijection of 64 bits in which every bit of the argument reaches every bit of the result.
#[inline(always)]
const fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9E37_79B9_7F4A_7C15);
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

/// The multiple of 2^-53 in [0, 1) made of the high bits of a word.
#[inline(always)]
pub fn to_uniform(word: u64) -> f64 {
    (word >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// A standard normal number made of two words (Box and Muller).
#[inline(always)]
pub fn to_normal(first: u64, second: u64) -> f64 {
    let positive = 1.0 - to_uniform(first);
    let radius = (-2.0 * double::log(positive)).sqrt();
    radius * double::cos_reduced(std::f64::consts::TAU * to_uniform(second))
}

const BUFFER: usize = 16;

/// The words of a key in order of position, made some blocks at a time.
#[derive(Debug, Clone)]
pub struct Sequence {
    key: Key,
    buffer: [u64; BUFFER],
    position: u64,
    filled: bool,
}

impl Sequence {
    /// The words from a position on.
    pub const fn at(key: Key, position: u64) -> Self {
        Self { key, buffer: [0; BUFFER], position, filled: false }
    }

    /// The position of the next word; [`Sequence::at`] continues from it.
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// The next 64 random bits.
    #[inline]
    pub fn word(&mut self) -> u64 {
        let slot = (self.position % BUFFER as u64) as usize;
        if slot == 0 || !self.filled {
            self.refill();
        }
        self.position = self.position.wrapping_add(1);
        self.buffer[slot]
    }

    #[inline(never)]
    fn refill(&mut self) {
        let first = self.position / BUFFER as u64 * (BUFFER as u64 / 2);
        for (offset, pair) in self.buffer.chunks_exact_mut(2).enumerate() {
            pair.copy_from_slice(&self.key.block(first + offset as u64));
        }
        self.filled = true;
    }

    /// The next number in [0, 1).
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        to_uniform(self.word())
    }

    /// The next standard normal number; it uses two words.
    pub fn normal(&mut self) -> f64 {
        let first = self.word();
        to_normal(first, self.word())
    }

    /// The next integer in `0 .. bound`, each equally likely; 0 if `bound` is 0. It uses one word, and further ones with a
    /// probability below `bound / 2^64` (Lemire 2019).
    #[inline]
    pub fn below(&mut self, bound: u64) -> u64 {
        let mut product = u128::from(self.word()) * u128::from(bound);
        if (product as u64) < bound {
            let least = bound.wrapping_neg() % bound.max(1);
            while (product as u64) < least {
                product = u128::from(self.word()) * u128::from(bound);
            }
        }
        (product >> 64) as u64
    }

    /// Puts elements in random order, each order equally likely.
    pub fn shuffle<T>(&mut self, elements: &mut [T]) {
        for last in (1..elements.len()).rev() {
            elements.swap(last, self.below(last as u64 + 1) as usize);
        }
    }

    /// A random order of `0 .. n`.
    pub fn permutation(&mut self, n: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..n).collect();
        self.shuffle(&mut order);
        order
    }
}

#[cfg(test)]
mod tests;
