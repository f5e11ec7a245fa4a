//! Generated code that is not linked yet: bytes that name functions and data by [`Symbol`]s. It can be stored, and linked
//! in another process of the same build.

use super::CodegenError;
use super::module::{Code, PARAMETERS, isa, signature};
use crate::native::keep::Kept;
use crate::native::{Executable, Frame};
use crate::runtime::image;
use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::ir::{LibCall, UserExternalName};
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::{Module, ModuleReloc, ModuleRelocTarget, default_libcall_names};
use serde::{Deserialize, Serialize};

/// What generated code names.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Symbol {
    /// A generated function.
    Function(u32),
    /// A constant.
    Constant(u32),
    /// What a function of the runtime is told.
    Descriptor(u32),
    /// A function or `static` of ndc, by its distance in the program.
    Image(i64),
    /// Of code for another process, the table of addresses.
    Table,
}

/// The code of a program and all that it names.
#[derive(Serialize, Deserialize)]
pub struct Object {
    /// The functions, one after another.
    #[serde(with = "code")]
    pub(super) code: Vec<u8>,
    pub(super) functions: Vec<FunctionCode>,
    pub(super) entry: u32,
    pub(super) kept: Kept,
    pub(super) frame: Frame,
}

/// Where a function is among the code, and which of its places wait for addresses.
#[derive(Serialize, Deserialize)]
pub(super) struct FunctionCode {
    pub(super) start: usize,
    pub(super) length: usize,
    pub(super) alignment: u64,
    pub(super) places: Vec<Relocation>,
}

/// A place in a function that an address goes to.
#[derive(Serialize, Deserialize)]
pub(super) struct Relocation {
    pub(super) offset: u32,
    kind: Kind,
    target: Target,
    pub(super) addend: i64,
}

/// How an address is written.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Kind {
    Absolute,
    X86Call,
    X86Relative,
    ArmCall,
    /// Any other; code with such a place is not stored.
    #[serde(skip)]
    Other(Reloc),
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum Target {
    Symbol(Symbol),
    /// A function of the C library that cranelift asks for; code that needs one is not stored.
    #[serde(skip)]
    Library(LibCall),
}

/// How a [`Symbol`] is called in cranelift's functions. Distances in the program have two words: they are numbered.
#[derive(Default)]
pub struct Symbols {
    distances: Vec<i64>,
}

impl Symbols {
    /// The name of a symbol.
    pub fn name(&mut self, symbol: Symbol) -> UserExternalName {
        let (namespace, index) = match symbol {
            Symbol::Function(index) => (0, index),
            Symbol::Constant(index) => (1, index),
            Symbol::Descriptor(index) => (2, index),
            Symbol::Image(distance) => {
                let known = self.distances.iter().position(|each| *each == distance);
                let index = known.unwrap_or(self.distances.len());
                if known.is_none() {
                    self.distances.push(distance);
                }
                (3, index as u32)
            }
            Symbol::Table => (4, 0),
        };
        UserExternalName { namespace, index }
    }

    fn symbol(&self, namespace: u32, index: u32) -> Symbol {
        match namespace {
            0 => Symbol::Function(index),
            1 => Symbol::Constant(index),
            2 => Symbol::Descriptor(index),
            4 => Symbol::Table,
            _ => Symbol::Image(self.distances[index as usize]),
        }
    }

    /// A place that cranelift left open.
    pub(super) fn relocation(&self, place: &ModuleReloc) -> Result<Relocation, CodegenError> {
        let target = match place.name {
            ModuleRelocTarget::User { namespace, index } => Target::Symbol(self.symbol(namespace, index)),
            ModuleRelocTarget::LibCall(function) => Target::Library(function),
            ref other => return Err(CodegenError::new(format!("the code names {other}"))),
        };
        let kind = match place.kind {
            Reloc::Abs8 => Kind::Absolute,
            Reloc::X86CallPCRel4 => Kind::X86Call,
            Reloc::X86PCRel4 => Kind::X86Relative,
            Reloc::Arm64Call => Kind::ArmCall,
            other => Kind::Other(other),
        };
        Ok(Relocation { offset: place.offset, kind, target, addend: place.addend })
    }
}

impl Kind {
    fn reloc(self) -> Reloc {
        match self {
            Kind::Absolute => Reloc::Abs8,
            Kind::X86Call => Reloc::X86CallPCRel4,
            Kind::X86Relative => Reloc::X86PCRel4,
            Kind::ArmCall => Reloc::Arm64Call,
            Kind::Other(kind) => kind,
        }
    }
}

impl Object {
    /// The bytes of machine code.
    pub fn code_bytes(&self) -> usize {
        self.code.len()
    }

    /// Puts the code into executable memory.
    ///
    /// # Errors
    /// When there is no executable memory, or the object names what it does not have.
    pub fn link(self) -> Result<Executable, CodegenError> {
        let isa = isa()?.clone();
        let mut module = JITModule::new(JITBuilder::with_isa(isa, default_libcall_names()));
        match self.define(&mut module) {
            Ok(entry) => {
                let code = Code::new(module, entry);
                let entry = code.entry;
                // SAFETY: the code was generated for this frame and names what is kept; it lives as long as the program.
                Ok(unsafe { Executable::new(self.frame, self.kept, entry, Some(Box::new(code))) })
            }
            Err(error) => {
                // SAFETY: no pointer into the code was handed out.
                unsafe { module.free_memory() };
                Err(error)
            }
        }
    }

    fn define(&self, module: &mut JITModule) -> Result<cranelift_module::FuncId, CodegenError> {
        let signature = signature(module.isa().default_call_conv(), PARAMETERS);
        let mut ids = Vec::with_capacity(self.functions.len());
        for _ in &self.functions {
            // How many parameters a function has is known where it is called; linking does not ask.
            ids.push(module.declare_anonymous_function(&signature).map_err(CodegenError::new)?);
        }
        let broken = || CodegenError::new("the code is not whole");
        for (function, id) in self.functions.iter().zip(&ids) {
            let end = function.start.checked_add(function.length).ok_or_else(broken)?;
            let mut bytes = self.code.get(function.start..end).ok_or_else(broken)?.to_vec();
            let mut open = Vec::new();
            for place in &function.places {
                let name = match place.target {
                    Target::Library(call) => ModuleRelocTarget::LibCall(call),
                    Target::Symbol(Symbol::Function(index)) => (*ids.get(index as usize).ok_or_else(broken)?).into(),
                    Target::Symbol(symbol) => {
                        let address = self.address(symbol).ok_or_else(broken)?;
                        place.write(&mut bytes, address).ok_or_else(broken)?;
                        continue;
                    }
                };
                open.push(ModuleReloc { offset: place.offset, kind: place.kind.reloc(), name, addend: place.addend });
            }
            module.define_function_bytes(*id, function.alignment, &bytes, &open).map_err(CodegenError::new)?;
        }
        module.finalize_definitions().map_err(CodegenError::new)?;
        ids.get(self.entry as usize).copied().ok_or_else(broken)
    }

    fn address(&self, symbol: Symbol) -> Option<*const u8> {
        match symbol {
            Symbol::Image(distance) => Some(image::address(distance)),
            Symbol::Constant(index) => self.kept.constant(index),
            Symbol::Descriptor(index) => self.kept.descriptor(index),
            Symbol::Function(_) | Symbol::Table => None,
        }
    }
}

impl Relocation {
    /// How the address is written.
    pub(super) fn reloc(&self) -> Reloc {
        self.kind.reloc()
    }

    /// What is named, if it is not a function of the C library.
    pub(super) fn symbol(&self) -> Option<Symbol> {
        match self.target {
            Target::Symbol(symbol) => Some(symbol),
            Target::Library(_) => None,
        }
    }

    /// Writes an address into its place; `None` where that is not the way of this place, or outside the function.
    fn write(&self, bytes: &mut [u8], address: *const u8) -> Option<()> {
        let place = bytes.get_mut(self.offset as usize..)?.get_mut(..8)?;
        let word = (address.expose_provenance() as i64).wrapping_add(self.addend);
        place.copy_from_slice(&word.to_ne_bytes());
        (self.kind == Kind::Absolute).then_some(())
    }
}

/// Bytes as one run of bytes.
mod code {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(bytes)
    }

    pub fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Vec<u8>, D::Error> {
        Ok(<&[u8]>::deserialize(from)?.to_vec())
    }
}
