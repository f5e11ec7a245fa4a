//! Pointwise operations called through their definitions: what no instruction and no fast kernel covers.

use crate::ir::{ElementType, Meaning, Pointwise};

/// The function of two operands and a definition that calls the definition's meaning.
pub fn scalar_address(definition: &Pointwise, element: ElementType) -> *const u8 {
    match &definition.meaning {
        Meaning::Comparison { .. } => compare_address(element),
        _ => logic_address(),
    }
}

/// The function of a definition and two operands that compares them.
pub fn compare_address(element: ElementType) -> *const u8 {
    match element {
        ElementType::F32 => compare_f32 as *const u8,
        ElementType::F64 => compare_f64 as *const u8,
        ElementType::I64 => compare_i64 as *const u8,
        ElementType::Bool => compare_bool as *const u8,
    }
}

/// The function of a definition and two truth values.
pub fn logic_address() -> *const u8 {
    logic as *const u8
}

/// The function of a definition, two integers and a result that returns 1 where the result overflows.
pub fn integer_address() -> *const u8 {
    integer as *const u8
}

macro_rules! compare {
    ($name:ident, $number:ident) => {
        #[inline(never)]
        extern "C" fn $name(definition: &Pointwise, a: $number, b: $number) -> u8 {
            match &definition.meaning {
                Meaning::Comparison { $number, .. } => u8::from($number(a, b)),
                _ => 0,
            }
        }
    };
}
compare!(compare_f32, f32);
compare!(compare_f64, f64);
compare!(compare_i64, i64);

#[inline(never)]
extern "C" fn compare_bool(definition: &Pointwise, a: u8, b: u8) -> u8 {
    compare_i64(definition, a.into(), b.into())
}

#[inline(never)]
extern "C" fn logic(definition: &Pointwise, a: u8, b: u8) -> u8 {
    match &definition.meaning {
        Meaning::Logic(logic) => u8::from(logic(a != 0, b != 0)),
        _ => 0,
    }
}

#[inline(never)]
extern "C" fn integer(definition: &Pointwise, a: i64, b: i64, out: &mut i64) -> u8 {
    let result = match &definition.meaning {
        Meaning::Unary { integer: Some(integer), .. } => integer(a),
        Meaning::Binary { integer: Some(integer), .. } => integer(a, b),
        _ => None,
    };
    *out = result.unwrap_or(0);
    u8::from(result.is_none())
}

/// A pointwise operation over a strip.
#[derive(serde::Serialize, serde::Deserialize)]
pub struct StripCall {
    /// The operation.
    #[serde(with = "definition")]
    pub definition: &'static Pointwise,
    /// The element type of the first argument, or, of a choice, of the second.
    pub element: ElementType,
    /// For each operand, the distance between its elements: 1, or 0 for one element for all.
    pub steps: [usize; 3],
}

/// A definition by its name.
mod definition {
    use crate::ir::Pointwise;
    use crate::ops;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    pub fn serialize<S: Serializer>(definition: &&'static Pointwise, to: S) -> Result<S::Ok, S::Error> {
        definition.name.serialize(to)
    }

    pub fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<&'static Pointwise, D::Error> {
        let name = <&str>::deserialize(from)?;
        ops::find(name).ok_or_else(|| de::Error::custom(format!("no operation is called {name}")))
    }
}

type Operands = [*const u8; 3];

/// Computes `n` elements; returns 2 where integers overflow.
///
/// # Safety
/// The operands have `n` elements (or one) of the types that the operation takes; `out` has room. `out` may be an
/// operand's own strip if the elements are equally wide.
#[inline(never)]
pub unsafe extern "C" fn strip(
    call: &StripCall,
    out: *mut u8,
    a: *const u8,
    b: *const u8,
    c: *const u8,
    n: usize,
) -> u8 {
    use ElementType as E;
    let operands = [a, b, c];
    // SAFETY: promised by the caller; every arm reads and writes the types of its meaning.
    unsafe {
        match (&call.definition.meaning, call.element) {
            (Meaning::Unary { f32, .. }, E::F32) => map::<f32, f32>(call, out, operands, n, |x, _| f32(x)),
            (Meaning::Unary { f64, .. }, E::F64) => map::<f64, f64>(call, out, operands, n, |x, _| f64(x)),
            (Meaning::Binary { f32, .. }, E::F32) => map::<f32, f32>(call, out, operands, n, f32),
            (Meaning::Binary { f64, .. }, E::F64) => map::<f64, f64>(call, out, operands, n, f64),
            (Meaning::Comparison { f32, .. }, E::F32) => map::<f32, bool>(call, out, operands, n, f32),
            (Meaning::Comparison { f64, .. }, E::F64) => map::<f64, bool>(call, out, operands, n, f64),
            (Meaning::Comparison { i64, .. }, E::I64) => map::<i64, bool>(call, out, operands, n, i64),
            (Meaning::Comparison { i64, .. }, E::Bool) => {
                map::<u8, bool>(call, out, operands, n, |x, y| i64(x.into(), y.into()));
            }
            (Meaning::Not, _) => map::<bool, bool>(call, out, operands, n, |x, _| !x),
            (Meaning::Logic(logic), _) => map::<bool, bool>(call, out, operands, n, logic),
            (Meaning::Select, E::F32) => choose::<u32>(call, out, operands, n),
            (Meaning::Select, E::F64 | E::I64) => choose::<u64>(call, out, operands, n),
            (Meaning::Select, E::Bool) => choose::<u8>(call, out, operands, n),
            (Meaning::Convert(target), E::F32) => convert::<f32>(call, out, operands, n, *target),
            (Meaning::Convert(target), E::F64) => convert::<f64>(call, out, operands, n, *target),
            (Meaning::Convert(target), E::I64) => convert::<i64>(call, out, operands, n, *target),
            (Meaning::Convert(target), E::Bool) => convert::<u8>(call, out, operands, n, *target),
            (Meaning::Unary { .. } | Meaning::Binary { .. }, _) => {
                return integers(call, out, operands, n);
            }
        }
    }
    0
}

unsafe fn map<T: Copy, R>(call: &StripCall, out: *mut u8, operands: Operands, n: usize, f: impl Fn(T, T) -> R) {
    let (a, b, out) = (operands[0].cast::<T>(), operands[1].cast::<T>(), out.cast::<R>());
    for place in 0..n {
        // SAFETY: the caller of `strip` promises `n` elements.
        unsafe { *out.add(place) = f(*a.add(place * call.steps[0]), *b.add(place * call.steps[1])) };
    }
}

unsafe fn choose<T: Copy>(call: &StripCall, out: *mut u8, operands: Operands, n: usize) {
    let (a, b, out) = (operands[1].cast::<T>(), operands[2].cast::<T>(), out.cast::<T>());
    for place in 0..n {
        // SAFETY: the caller of `strip` promises `n` elements.
        unsafe {
            let chosen = *operands[0].add(place * call.steps[0]) != 0;
            *out.add(place) = if chosen { *a.add(place * call.steps[1]) } else { *b.add(place * call.steps[2]) };
        }
    }
}

unsafe fn integers(call: &StripCall, out: *mut u8, operands: Operands, n: usize) -> u8 {
    let (a, b, out) = (operands[0].cast::<i64>(), operands[1].cast::<i64>(), out.cast::<i64>());
    for place in 0..n {
        // SAFETY: the caller of `strip` promises `n` elements.
        unsafe {
            let (x, y) = (*a.add(place * call.steps[0]), *b.add(place * call.steps[1]));
            if integer(call.definition, x, y, &mut *out.add(place)) != 0 {
                return 2;
            }
        }
    }
    0
}

/// A number that converts to every element type.
trait Number: Copy {
    fn to_f32(self) -> f32;
    fn to_f64(self) -> f64;
    fn to_i64(self) -> i64;
    fn is_true(self) -> bool;
}

macro_rules! number {
    ($($number:ty),*) => {$(
        impl Number for $number {
            fn to_f32(self) -> f32 {
                self as f32
            }
            fn to_f64(self) -> f64 {
                self as f64
            }
            fn to_i64(self) -> i64 {
                self as i64
            }
            fn is_true(self) -> bool {
                self != (0 as $number)
            }
        }
    )*};
}
number!(f32, f64, i64, u8);

unsafe fn convert<T: Number>(call: &StripCall, out: *mut u8, operands: Operands, n: usize, target: ElementType) {
    // SAFETY: the caller of `strip` promises `n` elements of these types.
    unsafe {
        match target {
            ElementType::F32 => map::<T, f32>(call, out, operands, n, |x, _| x.to_f32()),
            ElementType::F64 => map::<T, f64>(call, out, operands, n, |x, _| x.to_f64()),
            ElementType::I64 => map::<T, i64>(call, out, operands, n, |x, _| x.to_i64()),
            ElementType::Bool => map::<T, bool>(call, out, operands, n, |x, _| x.is_true()),
        }
    }
}
