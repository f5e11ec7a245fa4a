//! Random numbers in scalar code and over strips.

use super::lower::{Lower, register};
use crate::ir::{Distribution, ElementType};
use crate::native::support::{mix, normal_f32, normal_f64, uniform_f32, uniform_f64};
use crate::runtime::kernel::{Form, draws};
use crate::schedule::names;
use cranelift_codegen::ir::{Value, types};

impl Lower<'_> {
    /// Two words mixed.
    pub fn scalar_mix(&mut self, words: &[Value]) -> Value {
        self.call(mix as *const u8, words, Some(types::I64)).unwrap_or(words[0])
    }

    /// The number of a key.
    pub fn scalar_draw(&mut self, distribution: Distribution, key: Value, element: ElementType) -> Value {
        let address = match (distribution, element) {
            (Distribution::Uniform, ElementType::F32) => uniform_f32 as *const u8,
            (Distribution::Uniform, _) => uniform_f64 as *const u8,
            (Distribution::Normal, ElementType::F32) => normal_f32 as *const u8,
            (Distribution::Normal, _) => normal_f64 as *const u8,
        };
        self.call(address, &[key], Some(register(element))).unwrap_or(key)
    }

    /// Strips of words mixed; `scalar` says which are one word for all.
    pub fn strip_mix(&mut self, out: Value, words: [Value; 2], scalar: [bool; 2], length: Value) {
        let function = draws::mix(Form::of(scalar[0], scalar[1])).get();
        self.call(function as *const u8, &[out, words[0], words[1], length], None);
    }

    /// The numbers of a strip of keys.
    pub fn strip_draw(
        &mut self,
        distribution: Distribution,
        element: ElementType,
        out: Value,
        keys: Value,
        length: Value,
    ) {
        let kernel = match distribution {
            Distribution::Uniform => draws::uniform(names::element(element)),
            Distribution::Normal => draws::normal(names::element(element)),
        };
        self.call(kernel.get() as *const u8, &[out, keys, length], None);
    }
}
