//! Calls on memory of the caller: every argument is checked, nothing is allocated, and some inputs are held at values.

use super::execute::{Executable, RunError, Workspace};
use super::port::{Port, element as kind_of};
use crate::runtime::argument::{self, Input, Output, SCATTERED, SHAPED, View, ViewMut};
use crate::runtime::{AlignedBytes, Element};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A program with the values that some of its inputs are held at. Any number of threads may call at once, each with a [`Space`]
/// of its own.
pub struct Caller {
    executable: Arc<Executable>,
    /// Unlike that of any other caller of this process; not 0.
    id: u64,
    inputs: Vec<Slot>,
    outputs: Vec<Slot>,
    /// Inputs that are held, and their values.
    held: Vec<(usize, Arc<AlignedBytes>)>,
}

/// An input or output that calls bring.
struct Slot {
    port: usize,
    /// Its element type and number of elements: see [`argument::about`].
    about: usize,
    count: usize,
    shape: Vec<usize>,
}

/// The memory that calls of one thread compute in. It fits any program: it grows when it meets a larger one.
#[derive(Default)]
pub struct Space {
    /// The caller that the tables were made for; 0 for none.
    owner: u64,
    inputs: Vec<*const u8>,
    outputs: Vec<*mut u8>,
    workspace: Workspace,
}

// SAFETY: the pointers are written before each call that reads them; those that stay point into what the caller with the
// number `owner` holds, and are only followed in a call of that caller.
unsafe impl Send for Space {}
// SAFETY: no method takes a shared reference.
unsafe impl Sync for Space {}

/// Whether a value goes in or comes out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// An argument.
    Input,
    /// A result.
    Output,
}

/// An argument or result, by its place in the call.
pub type Place = (Side, usize);

/// A call that was refused or failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CallFault {
    /// There are so many values instead of those that the program has.
    Number(Side, usize),
    /// A value has elements of another type.
    Element(Place, Element),
    /// A value has so many elements instead.
    Count(Place, usize),
    /// A value has another shape.
    Shape(Place, Vec<usize>),
    /// The elements of a value do not lie side by side.
    Scattered(Place),
    /// The program failed.
    Run(RunError),
}

impl Slot {
    fn new(ports: &[Port], port: usize) -> Self {
        let ty = &ports[port].ty;
        let count = ty.shape.count();
        let about = argument::about(kind_of(ty.element), count);
        Slot { port, about, count, shape: ty.shape.sizes().to_vec() }
    }

    fn is_double(&self) -> bool {
        self.about == argument::about(Element::F64, self.count)
    }

    /// Whether elements that are not known by their number alone fit.
    fn accepts_shaped(&self, about: usize, shape: &[usize]) -> bool {
        about == self.about | SHAPED && *shape == *self.shape
    }

    #[cold]
    fn refusal(&self, place: Place, about: usize, shape: &[usize]) -> CallFault {
        let ((element, count), (expected, _)) = (argument::parts(about), argument::parts(self.about));
        match about {
            _ if element != expected => CallFault::Element(place, element),
            _ if about & SCATTERED != 0 => CallFault::Scattered(place),
            _ if about & SHAPED != 0 => CallFault::Shape(place, shape.to_vec()),
            _ => CallFault::Count(place, count),
        }
    }
}

/// Where an output is now: when it was asked for its shape, it may have changed what it had shown before. What it is instead of
/// `about` is an error.
fn view_again(output: &mut dyn Output, about: usize) -> Result<*mut u8, usize> {
    let view = output.view_mut();
    if view.about == about { Ok(view.start) } else { Err(view.about) }
}

impl Caller {
    /// Calls of a program bring `inputs`, in this order; the others are held. There is a value of its size for each that is held.
    ///
    /// # Errors
    /// When that is not so, or the program updates inputs in place.
    pub fn new(
        executable: Arc<Executable>,
        inputs: &[usize],
        held: Vec<(usize, Arc<AlignedBytes>)>,
    ) -> Result<Self, String> {
        let ports = executable.inputs();
        let mut given: Vec<usize> = inputs.iter().copied().chain(held.iter().map(|(port, _)| *port)).collect();
        given.sort_unstable();
        if given.iter().copied().ne(0..ports.len()) {
            return Err("an input is missing, or is there twice".to_string());
        }
        if held.iter().any(|(port, bytes)| bytes.len() != ports[*port].ty.bytes()) {
            return Err("a held input has another size".to_string());
        }
        if (0..ports.len()).any(|input| executable.replaced_by(input).is_some()) {
            return Err("an input is updated in place".to_string());
        }
        static CALLERS: AtomicU64 = AtomicU64::new(1);
        let results = executable.outputs();
        Ok(Caller {
            id: CALLERS.fetch_add(1, Ordering::Relaxed),
            inputs: inputs.iter().map(|port| Slot::new(ports, *port)).collect(),
            outputs: (0..results.len()).map(|port| Slot::new(results, port)).collect(),
            held,
            executable,
        })
    }

    /// The program.
    pub fn executable(&self) -> &Arc<Executable> {
        &self.executable
    }

    /// The inputs that are held, with their values.
    pub fn held(&self) -> &[(usize, Arc<AlignedBytes>)] {
        &self.held
    }

    /// Memory for the calls of one thread.
    pub fn space(&self) -> Space {
        let mut space = Space::default();
        self.adopt(&mut space);
        space
    }

    /// Makes the tables of a space those of this program.
    #[cold]
    fn adopt(&self, space: &mut Space) {
        space.inputs.clear();
        space.inputs.resize(self.executable.inputs().len(), std::ptr::null());
        space.outputs.clear();
        space.outputs.resize(self.outputs.len(), std::ptr::null_mut());
        for (port, bytes) in &self.held {
            space.inputs[*port] = bytes.as_ptr();
        }
        space.workspace.extend(&self.executable);
        space.owner = self.id;
    }

    /// Calls the program. Results are undefined when it fails.
    ///
    /// # Errors
    /// When the arguments or results do not fit, or the program fails.
    #[inline]
    pub fn call(
        &self,
        space: &mut Space,
        inputs: &[&dyn Input],
        outputs: &mut [&mut dyn Output],
    ) -> Result<(), CallFault> {
        if space.owner != self.id {
            self.adopt(space);
        }
        if inputs.len() != self.inputs.len() {
            return Err(CallFault::Number(Side::Input, inputs.len()));
        }
        if outputs.len() != self.outputs.len() {
            return Err(CallFault::Number(Side::Output, outputs.len()));
        }
        for (place, (slot, input)) in self.inputs.iter().zip(inputs).enumerate() {
            let View { start, about, .. } = input.view();
            if about != slot.about && !slot.accepts_shaped(about, input.view_shape()) {
                return Err(slot.refusal((Side::Input, place), about, input.view_shape()));
            }
            space.inputs[slot.port] = start;
        }
        for (place, (slot, output)) in self.outputs.iter().zip(outputs).enumerate() {
            let ViewMut { mut start, about, .. } = output.view_mut();
            if about != slot.about {
                if !slot.accepts_shaped(about, output.view_shape()) {
                    return Err(slot.refusal((Side::Output, place), about, output.view_shape()));
                }
                start = view_again(*output, about).map_err(|found| slot.refusal((Side::Output, place), found, &[]))?;
            }
            space.outputs[place] = start;
        }
        // SAFETY: every input and output that is not held was set to memory of the type and size of its port, which is
        // borrowed for the call, the outputs exclusively, and of no output was anything asked after its view; the others were
        // set by `adopt` to what `held` owns. The workspace was made large enough there.
        unsafe { self.executable.enter(&space.inputs, &space.outputs, &mut space.workspace) }.map_err(CallFault::Run)
    }

    /// The number of doubles of all arguments one after another, and of all results; `None` where some are of another type.
    pub fn doubles(&self) -> Option<(usize, usize)> {
        let all = |slots: &[Slot]| {
            let fits = slots.iter().all(Slot::is_double);
            fits.then(|| slots.iter().map(|slot| slot.count).sum())
        };
        Some((all(&self.inputs)?, all(&self.outputs)?))
    }

    /// Calls the program on arguments and results that lie one after another. `inputs` may come in pieces, each of which has
    /// whole arguments; the first result goes to `first`, if there is such a place, and the others to `outputs`.
    ///
    /// # Errors
    /// When numbers of elements do not fit (with the place of the piece for inputs), or the program fails.
    #[inline]
    pub fn call_doubles(
        &self,
        space: &mut Space,
        inputs: &[&[f64]],
        first: Option<&mut f64>,
        outputs: &mut [f64],
    ) -> Result<(), CallFault> {
        if space.owner != self.id {
            self.adopt(space);
        }
        let mut pieces = inputs.iter();
        let mut piece: &[f64] = &[];
        for (place, slot) in self.inputs.iter().enumerate() {
            while piece.is_empty() && slot.count > 0 {
                piece = pieces.next().ok_or(CallFault::Number(Side::Input, place))?;
            }
            let fits = slot.is_double();
            let (argument, rest) = piece
                .split_at_checked(slot.count)
                .filter(|_| fits)
                .ok_or(CallFault::Count((Side::Input, place), piece.len()))?;
            space.inputs[slot.port] = argument.as_ptr().cast();
            piece = rest;
        }
        if !piece.is_empty() || pieces.any(|piece| !piece.is_empty()) {
            return Err(CallFault::Number(Side::Input, self.inputs.len() + 1));
        }
        let mut rest = outputs;
        let mut first = first.map(std::slice::from_mut);
        for (place, slot) in self.outputs.iter().enumerate() {
            let given = rest.len();
            let fits = slot.is_double();
            let result = match first.take() {
                Some(first) => first.split_at_mut_checked(slot.count).filter(|(_, rest)| rest.is_empty()),
                None => std::mem::take(&mut rest).split_at_mut_checked(slot.count),
            };
            let refusal = || CallFault::Count((Side::Output, place), given);
            let (result, left) = result.filter(|_| fits).ok_or_else(refusal)?;
            space.outputs[place] = result.as_mut_ptr().cast();
            if !left.is_empty() {
                rest = left;
            }
        }
        if !rest.is_empty() {
            return Err(CallFault::Number(Side::Output, self.outputs.len() + 1));
        }
        // SAFETY: as in `call`: each argument and result is a part of its own of the slices, of the size of its port.
        unsafe { self.executable.enter(&space.inputs, &space.outputs, &mut space.workspace) }.map_err(CallFault::Run)
    }
}
