//! Values of rows in strip kernels: a strip is a number of whole rows, which are folded and whose results are spread.

use super::lower::Lower;
use super::strip::{Part, Strip};
use crate::ir::{ElementType, Outside, Reduction};
use crate::runtime::reduce::{self, ReduceShape};
use crate::runtime::support_fold::{integer_products, integer_sums};
use crate::runtime::support_rows::{pick_in_rows, place_in_rows};
use crate::runtime::view::{self, View};
use crate::schedule::{Extent, StripInstruction, StripKernel, names};
use cranelift_codegen::ir::{InstBuilder, Value, types};

impl Lower<'_> {
    /// The rows of a strip of elements.
    pub fn rows_of(&mut self, kernel: &StripKernel, elements: Part) -> Part {
        let Some(row) = kernel.row else { return elements };
        let first = elements.first.map(|first| self.builder.ins().udiv_imm_s(first, row as i64));
        let length = if kernel.count.is_multiple_of(kernel.strip) {
            self.number(kernel.strip / row)
        } else {
            self.builder.ins().udiv_imm_s(elements.length, row as i64)
        };
        Part { first, length }
    }

    /// Writes the folding of the rows of a strip: whole rows are an array of their own.
    pub fn fold_rows(&mut self, strip: &Strip, instruction: &StripInstruction, reduction: Reduction, state: usize) {
        let row = strip.kernel.row.unwrap_or(1);
        let value = self.operand(strip, instruction, 0, instruction.element);
        let to = self.target(strip, instruction);
        let known = names::reduction(reduction, instruction.element);
        match known.and_then(|known| reduce::kernel(known, names::element(instruction.element))) {
            Some(functions) => {
                let shape = ReduceShape { outer: strip.kernel.elements(Extent::Rows), length: row, inner: 1 };
                let (shape, zero) = (self.kept(shape), self.number(0));
                let state = self.in_scratch(strip, state);
                let arguments = [state, to, value, zero, strip.elements.length, shape];
                self.call(functions.accumulate.get() as *const u8, &arguments, None);
            }
            None => {
                let function = match reduction {
                    Reduction::Product => integer_products as *const u8,
                    _ => integer_sums as *const u8,
                };
                let arguments = [to, value, strip.rows.length, self.number(row)];
                let status = self.call(function, &arguments, Some(types::I8));
                self.check(status, instruction.element, instruction.origin);
            }
        }
    }

    /// Writes the spreading of a value of rows over the elements of a strip.
    pub fn spread_rows(&mut self, strip: &Strip, instruction: &StripInstruction) {
        let row = strip.kernel.row.unwrap_or(1);
        let Some(descriptor) = View::new(0, &[strip.kernel.strip / row, row], &[1, 0]) else {
            unreachable!("two axes are few enough");
        };
        let descriptor = self.keep.keep(descriptor);
        let function = view::expand_function(names::element(instruction.element));
        let from = self.operand(strip, instruction, 0, instruction.element);
        let (out, zero) = (self.target(strip, instruction), self.number(0));
        let arguments = [out, from, self.pointer(descriptor), zero, strip.elements.length];
        self.call(function as *const u8, &arguments, None);
    }

    /// Writes the choice of one element of each row of a strip.
    pub fn pick_in_rows(&mut self, strip: &Strip, instruction: &StripInstruction, outside: Outside) {
        let function = match instruction.element {
            ElementType::F32 => pick_in_rows::<u32> as *const u8,
            _ => pick_in_rows::<u64> as *const u8,
        };
        let elements = self.operand(strip, instruction, 0, instruction.element);
        let indices = self.operand(strip, instruction, 1, ElementType::I64);
        self.in_rows(strip, instruction, outside, function, [elements, indices]);
    }

    /// Writes the placing of one number in each row of a strip.
    pub fn place_in_rows(&mut self, strip: &Strip, instruction: &StripInstruction, outside: Outside) {
        let function = match instruction.element {
            ElementType::F32 => place_in_rows::<f32> as *const u8,
            _ => place_in_rows::<f64> as *const u8,
        };
        let indices = self.operand(strip, instruction, 0, ElementType::I64);
        let values = self.operand(strip, instruction, 1, instruction.element);
        self.in_rows(strip, instruction, outside, function, [indices, values]);
    }

    fn in_rows(
        &mut self,
        strip: &Strip,
        instruction: &StripInstruction,
        outside: Outside,
        function: *const u8,
        operands: [Value; 2],
    ) {
        let row = self.number(strip.kernel.row.unwrap_or(1));
        let lenient = self.number(usize::from(outside == Outside::Zero));
        let to = self.target(strip, instruction);
        let arguments = [to, operands[0], operands[1], strip.rows.length, row, lenient];
        if let Some(status) = self.call(function, &arguments, Some(types::I8)) {
            self.fail_by_status(status, instruction.origin);
        }
    }
}
