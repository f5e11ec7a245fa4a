//! Programs that were built ahead of time, as they stand in an object file, and calls of them.
//!
//! An object file has for each program a [`Program`]: the entry function, a table of addresses that the code reads, empty at
//! first, and an [`Image`] as bytes. The first call reads the image and fills the table, in the version of each function for the
//! processor that runs it.

use super::keep::Kept;
use super::{Entry, Executable, Frame, Port, Registry, RunError, RunErrorKind, Workspace};
use crate::ir::{ElementType, NodeId};
use crate::runtime::detected_features;
use crate::runtime::guard::Trouble;
use serde::{Deserialize, Serialize};
use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, PoisonError};

/// The version of ndc that reads what it wrote itself, and nothing else.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What belongs in a place of the table.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Named {
    /// A descriptor of the image.
    Descriptor(u32),
    /// A function or definition of the [`Registry`].
    Function(String),
}

/// What is known of a program beside its code.
#[derive(Serialize, Deserialize)]
pub struct Image {
    /// Its name in messages.
    pub name: String,
    /// What its code asks of the processor.
    pub features: Vec<String>,
    /// Ports, workspace and limits.
    pub frame: Frame,
    /// The places of its nodes as text: `model.nd:3:7`.
    pub places: Vec<(NodeId, String)>,
    /// Its descriptors.
    pub kept: Kept,
    /// What belongs in the table.
    pub table: Vec<Named>,
}

impl Image {
    /// The image as bytes, which begin with the version.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, String> {
        let mut bytes = postcard::to_stdvec(VERSION).map_err(|error| error.to_string())?;
        bytes.extend(postcard::to_stdvec(self).map_err(|error| error.to_string())?);
        Ok(bytes)
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, Problem> {
        let broken = |_| Problem::unsuitable("the built program is damaged".to_string());
        let (version, rest) = postcard::take_from_bytes::<&str>(bytes).map_err(broken)?;
        if version != VERSION {
            let message = format!("the program was built by ndc {version}, but the runtime is that of ndc {VERSION}");
            return Err(Problem::unsuitable(message));
        }
        postcard::from_bytes(rest).map_err(broken)
    }
}

/// A program in an object file.
#[repr(C)]
pub struct Program {
    entry: Entry,
    table: *mut *const u8,
    image: *const u8,
    image_bytes: usize,
    /// A [`Loaded`], once it was called.
    loaded: AtomicPtr<Loaded>,
}

/// The words of a [`Program`].
pub const PROGRAM_WORDS: usize = size_of::<Program>() / size_of::<usize>();

/// What a program is after its first call.
struct Loaded {
    executable: Executable,
    name: String,
    places: Vec<(NodeId, String)>,
    /// The inputs that are truth values.
    truths: Vec<usize>,
    /// Workspaces of calls that have ended.
    idle: Mutex<Vec<Workspace>>,
}

/// How a call ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(i32)]
pub enum Status {
    /// Well.
    Done = 0,
    /// The program failed: an index outside its axis, an integer that is too large, a loop that does not end, too little memory.
    Failed = 1,
    /// An argument is null, or not aligned, or not a truth value.
    Argument = 2,
    /// The program cannot run here: another processor, or another version of the runtime.
    Unsuitable = 3,
    /// A fault of ndc.
    Internal = 4,
}

/// A call that did not end well.
struct Problem {
    status: Status,
    message: String,
}

impl Problem {
    fn unsuitable(message: String) -> Self {
        Problem { status: Status::Unsuitable, message }
    }

    fn argument(message: String) -> Self {
        Problem { status: Status::Argument, message }
    }
}

/// Workspaces of so many bytes stand on the stack.
const SMALL: usize = 2048;

#[repr(align(64))]
struct SmallWorkspace([std::mem::MaybeUninit<u8>; SMALL]);

impl Program {
    /// The program made ready to run, by the first call.
    fn loaded(&self) -> Result<&Loaded, Problem> {
        static LOADING: Mutex<()> = Mutex::new(());
        // SAFETY: what is stored is a whole `Loaded` that is never freed.
        if let Some(loaded) = unsafe { self.loaded.load(Ordering::Acquire).as_ref() } {
            return Ok(loaded);
        }
        let _lock = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
        // SAFETY: as above.
        if let Some(loaded) = unsafe { self.loaded.load(Ordering::Acquire).as_ref() } {
            return Ok(loaded);
        }
        let loaded: &Loaded = Box::leak(Box::new(self.load()?));
        self.loaded.store(std::ptr::from_ref(loaded).cast_mut(), Ordering::Release);
        Ok(loaded)
    }

    fn load(&self) -> Result<Loaded, Problem> {
        // SAFETY: the object file has so many bytes of constant data there.
        let bytes = unsafe { std::slice::from_raw_parts(self.image, self.image_bytes) };
        let Image { name, features, frame, places, kept, table } = Image::from_bytes(bytes)?;
        let present = detected_features();
        if let Some(missing) = features.iter().find(|feature| !present.contains(&feature.as_str())) {
            return Err(Problem::unsuitable(format!(
                "{name} was built for processors with {missing}, which this one has not"
            )));
        }
        for (place, named) in table.iter().enumerate() {
            let address = match named {
                Named::Descriptor(index) => kept.descriptor(*index),
                Named::Function(function) => Registry::get().address(function),
            };
            let address = address.ok_or_else(|| Problem::unsuitable(format!("{name} was built by another ndc")))?;
            // SAFETY: the object file has room for as many addresses as the image lists; no code of this program runs yet,
            // since it waits for the lock, and no other program has this table.
            unsafe { self.table.add(place).write(address) };
        }
        // Of no elements the pointer may be null.
        let truth = |port: &Port| port.ty.element == ElementType::Bool && port.ty.bytes() > 0;
        let truths = (0..frame.inputs.len()).filter(|place| truth(&frame.inputs[*place])).collect();
        // SAFETY: the code was built for this frame; what it names is in the table. It is never freed, and `kept` is leaked
        // with the program.
        let executable = unsafe { Executable::new(frame, kept, self.entry, None) };
        Ok(Loaded { executable, name, places, truths, idle: Mutex::new(Vec::new()) })
    }
}

impl Loaded {
    /// # Safety
    /// The pointers that are not null are to memory of the ports' sizes.
    unsafe fn call(&self, inputs: *const *const u8, outputs: *const *mut u8) -> Result<(), Problem> {
        // SAFETY: promised by the caller.
        unsafe {
            self.check(self.executable.inputs(), inputs)?;
            self.check(self.executable.outputs(), outputs.cast())?;
            for truth in &self.truths {
                let port = &self.executable.inputs()[*truth];
                let bytes = std::slice::from_raw_parts(*inputs.add(*truth), port.ty.bytes());
                if bytes.iter().any(|byte| *byte > 1) {
                    return Err(Problem::argument(format!(
                        "{}: `{}` has a truth value other than 0 and 1",
                        self.name, port.name
                    )));
                }
            }
        }
        let bytes = self.executable.workspace_bytes();
        let result = if bytes <= SMALL {
            let mut workspace = SmallWorkspace([std::mem::MaybeUninit::uninit(); SMALL]);
            // SAFETY: the pointers were checked; the workspace is large enough and aligned, and what it holds is arbitrary
            // before each call.
            unsafe { self.executable.enter_at(inputs, outputs, workspace.0.as_mut_ptr().cast()) }
        } else {
            let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let made = idle.or_else(|| self.executable.try_workspace());
            let mut workspace = made.ok_or_else(|| self.trouble(Trouble::Memory(bytes)))?;
            // SAFETY: as above.
            let result = unsafe { self.executable.enter_at(inputs, outputs, workspace.start()) };
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(workspace);
            result
        };
        result.map_err(|error| self.failure(error))
    }

    #[cold]
    fn trouble(&self, trouble: Trouble) -> Problem {
        let status = match trouble {
            Trouble::Memory(_) => Status::Failed,
            Trouble::Panic => Status::Internal,
        };
        Problem { status, message: format!("{}: {trouble}", self.name) }
    }

    /// # Safety
    /// There is a pointer for each port.
    unsafe fn check(&self, ports: &[Port], pointers: *const *const u8) -> Result<(), Problem> {
        for (place, port) in ports.iter().enumerate() {
            // SAFETY: promised by the caller.
            let pointer = unsafe { *pointers.add(place) };
            let aligned = pointer.addr().is_multiple_of(port.ty.element.bytes());
            if (pointer.is_null() || !aligned) && port.ty.bytes() > 0 {
                let what = if pointer.is_null() { "null" } else { "not aligned" };
                return Err(Problem::argument(format!("{}: the pointer `{}` is {what}", self.name, port.name)));
            }
        }
        Ok(())
    }

    #[cold]
    fn failure(&self, error: RunError) -> Problem {
        let place = self.places.binary_search_by_key(&error.node, |(node, _)| *node);
        let place = place.map_or(String::new(), |place| format!(" at {}", self.places[place].1));
        let what = match error.kind {
            RunErrorKind::Index => "an index is outside its axis".to_string(),
            RunErrorKind::Integer => "an integer overflows, or is divided by zero,".to_string(),
            RunErrorKind::Steps(limit) => format!("a loop still goes on after {limit} steps"),
            RunErrorKind::Runtime(trouble) => return self.trouble(trouble),
        };
        Problem { status: Status::Failed, message: format!("{}: {what}{place}", self.name) }
    }
}

thread_local! {
    /// What went wrong in the last call of this thread that failed.
    static MESSAGE: RefCell<CString> = RefCell::new(CString::default());
}

/// Calls a program of an object file; code in the same file does so. Returns a [`Status`].
///
/// # Safety
/// `program` is one of an object file that ndc wrote. There is a pointer for each input and output, null or to memory of its
/// size; outputs overlap nothing, and nothing else uses the memory during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ndc_runtime_call(
    program: *const Program,
    inputs: *const *const u8,
    outputs: *const *mut u8,
) -> i32 {
    // SAFETY: promised by the caller.
    status_of(|| unsafe { (*program).loaded().and_then(|loaded| loaded.call(inputs, outputs)) })
}

/// The [`Status`] of a call, which does not unwind; its message is kept for the thread.
fn status_of(call: impl FnOnce() -> Result<(), Problem>) -> i32 {
    let problem = match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(())) => return Status::Done as i32,
        Ok(Err(problem)) => problem,
        Err(_) => Problem { status: Status::Internal, message: "ndc failed: this is a fault of ndc".to_string() },
    };
    let Problem { status, message } = problem;
    let message = CString::new(message.replace('\0', " ")).unwrap_or_default();
    // A thread that ends has no place for a message any more.
    let _ = MESSAGE.try_with(|last| last.replace(message));
    status as i32
}

/// What went wrong in the last call of this thread that failed; good until the next such call, and as long as the thread.
#[unsafe(no_mangle)]
pub extern "C" fn ndc_error_message() -> *const c_char {
    MESSAGE.try_with(|last| last.borrow().as_ptr()).unwrap_or(c"there are no messages for a thread that ends".as_ptr())
}

/// A call of a built program that did not end well.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct Error {
    /// How it ended.
    pub status: Status,
    /// What went wrong, and where in the program.
    pub message: String,
}

/// What the status of a function of an object file means; for the modules that ndc writes.
///
/// # Errors
/// When the call did not end well.
#[inline]
pub fn result(status: i32) -> Result<(), Error> {
    if status == 0 { Ok(()) } else { Err(last_error(status)) }
}

#[cold]
fn last_error(status: i32) -> Error {
    let status = match status {
        1 => Status::Failed,
        2 => Status::Argument,
        3 => Status::Unsuitable,
        _ => Status::Internal,
    };
    // SAFETY: the message ends with a zero, and this thread does not replace it meanwhile.
    let message = unsafe { CStr::from_ptr(ndc_error_message()) };
    Error { status, message: message.to_string_lossy().into_owned() }
}

/// Calls a function of an object file that ndc wrote; only for the modules that ndc writes, which check lengths before. It is here
/// so that a crate that forbids unsafe code can have such a module.
#[doc(hidden)]
#[macro_export]
macro_rules! call_object_file {
    ($symbol:literal, ($($name:ident: $declared:ty),*), ($($passed:expr),*)) => {{
        unsafe extern "C" {
            #[link_name = $symbol]
            fn ndc_call($($name: $declared),*) -> i32;
        }
        // SAFETY: this holds for the modules that ndc writes, for which alone this macro is: the function is declared as it is in the
        // object file, and every slice has the length that it was compiled for, which the module has checked.
        $crate::native::built::result(unsafe { ndc_call($($passed),*) })
    }};
}

/// Checks the length of an argument; for the modules that ndc writes.
///
/// # Errors
/// When it is another one.
#[inline]
pub fn check_length(function: &str, argument: &str, ty: &str, expected: usize, found: usize) -> Result<(), Error> {
    if expected == found { Ok(()) } else { Err(wrong_length(function, argument, ty, expected, found)) }
}

#[cold]
fn wrong_length(function: &str, argument: &str, ty: &str, expected: usize, found: usize) -> Error {
    let message = format!("{function}: `{argument}` is {ty}, {expected} elements, but {found} were given");
    Error { status: Status::Argument, message }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Shape, TensorType};
    use std::ptr::{null, null_mut};

    unsafe extern "C" fn nothing(_: *const *const u8, _: *const *mut u8, _: *mut u8) -> i64 {
        0
    }

    fn message() -> String {
        last_error(0).message
    }

    /// A program that does nothing with its inputs, and wants this of where it runs.
    fn image(inputs: Vec<Port>, features: &[&str], table: Vec<Named>) -> Vec<u8> {
        let frame = Frame { inputs, outputs: Vec::new(), workspace_bytes: 0, spans: Vec::new(), limits: Vec::new() };
        let features = features.iter().map(|feature| feature.to_string()).collect();
        let image = Image { name: "f".to_string(), features, frame, places: Vec::new(), kept: Kept::default(), table };
        image.to_bytes().unwrap()
    }

    /// How a call of a program ends.
    fn call(image: &[u8], inputs: &[*const u8]) -> i32 {
        let mut table = [null(); 4];
        let program = Program {
            entry: nothing,
            table: table.as_mut_ptr(),
            image: image.as_ptr(),
            image_bytes: image.len(),
            loaded: AtomicPtr::new(null_mut()),
        };
        // SAFETY: the program is one as object files have it, with a pointer for each input.
        unsafe { ndc_runtime_call(&raw const program, inputs.as_ptr(), null()) }
    }

    #[test]
    fn programs_that_cannot_run_here_say_so() {
        assert_eq!(call(&image(Vec::new(), &[], Vec::new()), &[]), 0);
        let damaged = image(Vec::new(), &[], Vec::new());
        let old = [postcard::to_stdvec("0.0.0").unwrap(), damaged.clone()].concat();
        let unknown = vec![Named::Function("no such function".to_string())];
        let cases = [
            (&damaged[..damaged.len() - 1], "the built program is damaged"),
            (&[], "the built program is damaged"),
            (&old, "the program was built by ndc 0.0.0, but the runtime is that of ndc"),
            (&image(Vec::new(), &["a third arm"], Vec::new()), "f was built for processors with a third arm"),
            (&image(Vec::new(), &[], unknown), "f was built by another ndc"),
            (&image(Vec::new(), &[], vec![Named::Descriptor(7)]), "f was built by another ndc"),
        ];
        for (image, words) in cases {
            assert_eq!(call(image, &[]), Status::Unsuitable as i32, "{words}");
            assert!(message().starts_with(words), "{}", message());
        }
    }

    #[test]
    fn pointers_may_be_null_where_there_are_no_elements() {
        let truths = |count: usize| Port {
            name: "x".to_string(),
            ty: TensorType::new(ElementType::Bool, Shape::new(&[count])),
            updates: None,
        };
        assert_eq!(call(&image(vec![truths(0)], &[], Vec::new()), &[null()]), 0);
        let two = image(vec![truths(2)], &[], Vec::new());
        let (good, bad) = ([0u8, 1], [0u8, 2]);
        assert_eq!(call(&two, &[good.as_ptr()]), 0);
        for (pointer, words) in [(null(), "f: the pointer `x` is null"), (bad.as_ptr(), "f: `x` has a truth value")] {
            assert_eq!(call(&two, &[pointer]), Status::Argument as i32);
            assert!(message().starts_with(words), "{}", message());
        }
    }

    #[test]
    fn panics_do_not_leave_a_call() {
        assert_eq!(status_of(|| panic!("a mistake of ours")), Status::Internal as i32);
        assert_eq!(message(), "ndc failed: this is a fault of ndc");
        assert_eq!(status_of(|| Err(Problem::argument("a\0b".to_string()))), Status::Argument as i32);
        assert_eq!(message(), "a b");
    }
}
