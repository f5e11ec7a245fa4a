//! Which function of the runtime computes what.

use crate::ir::{ElementType, Instruction, Meaning, Pointwise};
use crate::runtime::kernel::{self, Form, Logic, integers};
use crate::schedule::names::element;

/// A strip function that takes the result, the operands and the length.
pub struct StripFunction {
    /// Its address.
    pub address: *const u8,
    /// Whether it returns a number that is not zero when integers overflow or are divided by zero.
    pub reports: bool,
}

/// The strip function of an operation on operands of these types, of which some are one element for all.
pub fn strip(definition: &Pointwise, operands: &[(ElementType, bool)], result: ElementType) -> Option<StripFunction> {
    let plain = |address: usize| StripFunction { address: address as *const u8, reports: false };
    let (first, first_scalar) = operands[0];
    let form = Form::of(first_scalar, operands.get(1).is_some_and(|operand| operand.1));
    match &definition.meaning {
        Meaning::Unary { kernel, .. } if !first_scalar => kernel.address(element(first)).map(plain),
        Meaning::Binary { kernel, .. } if first.is_real() => kernel.address(element(first), form).map(plain),
        Meaning::Binary { .. } => {
            let kernel = match definition.instruction? {
                Instruction::Add => &integers::ADD,
                Instruction::Subtract => &integers::SUB,
                Instruction::Multiply => &integers::MUL,
                Instruction::Maximum => &integers::MAX,
                Instruction::Minimum => &integers::MIN,
                _ => return None,
            };
            Some(StripFunction { address: kernel.address(form) as *const u8, reports: true })
        }
        Meaning::Comparison { kernel, .. } => kernel.address(element(first), form).map(plain),
        Meaning::Not if !first_scalar => Some(plain(kernel::logic_not().get() as usize)),
        Meaning::Logic(_) => match definition.instruction? {
            Instruction::And => Some(plain(kernel::logic(Logic::And, form).get() as usize)),
            Instruction::Or => Some(plain(kernel::logic(Logic::Or, form).get() as usize)),
            _ => None,
        },
        Meaning::Select if !first_scalar => {
            let form = Form::of(operands[1].1, operands[2].1);
            Some(plain(kernel::select(element(result), form).get() as usize))
        }
        Meaning::Convert(target) if !first_scalar => {
            Some(plain(kernel::convert(element(first), element(*target)).get() as usize))
        }
        _ => None,
    }
}

/// The function of one or two reals that computes one element.
pub fn scalar(definition: &Pointwise, operand: ElementType) -> Option<*const u8> {
    let address = match &definition.meaning {
        Meaning::Unary { kernel, .. } => kernel.scalar_address(element(operand)),
        Meaning::Binary { kernel, .. } => kernel.scalar_address(element(operand)),
        _ => None,
    };
    address.map(|address| address as *const u8)
}

/// The function of so many reals, or more, that stores its values, and how many it takes.
pub fn abreast(definition: &Pointwise, operand: ElementType, count: usize) -> Option<(*const u8, usize)> {
    let Meaning::Unary { kernel, .. } = &definition.meaning else { return None };
    let (address, width) = kernel.lanes_address(element(operand), count)?;
    Some((address as *const u8, width))
}
