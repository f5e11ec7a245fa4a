//! The cranelift module: settings, functions, executable memory.

use super::CodegenError;
use super::divide::{StripRange, is_divided};
use super::keep::Keep;
use super::lower::{BodyCode, Laps, Lower, Own};
use super::object::{FunctionCode, Object, Symbols};
use crate::native::built::Named;
use crate::native::{Entry, Frame};
use crate::runtime::clock::Clock;
use crate::runtime::{guard, threads};
use crate::schedule::{Body, Schedule, operations};
use cranelift_codegen::ir::{AbiParam, Function, InstBuilder, Signature, UserFuncName, types};
use cranelift_codegen::isa::{CallConv, OwnedTargetIsa};
use cranelift_codegen::settings::{self, Configurable};
use cranelift_codegen::{Context, control::ControlPlane};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_jit::JITModule;
use cranelift_module::{FuncId, ModuleReloc};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;
use std::sync::{Mutex, OnceLock, PoisonError};

/// Functions longer than about so many scalar operations are cut; the workspace carries values across.
const FUNCTION: usize = 512;

/// At most so many functions wait for their machine code.
const WAITING: usize = 64;
/// So many instructions of cranelift's are worth several threads.
const SHARED: usize = 4000;

/// The parameters of a program, and of a strip kernel that is a function.
pub const PARAMETERS: usize = 3;
/// See [`PARAMETERS`].
pub const RANGE_PARAMETERS: usize = 6;

/// Executable memory and the function in it.
pub struct Code {
    module: Option<JITModule>,
    /// The entry function; good as long as `self` lives.
    pub entry: Entry,
}

// SAFETY: after finalisation the module is only held to be freed; its code is read-only and reentrant.
unsafe impl Send for Code {}
// SAFETY: as above; no method of `Code` touches the module through a shared reference.
unsafe impl Sync for Code {}

impl Code {
    /// The finished code of a module, and its entry function.
    pub fn new(module: JITModule, entry: FuncId) -> Self {
        let address = module.get_finalized_function(entry);
        // SAFETY: all functions of a module are made with this signature.
        let entry = unsafe { std::mem::transmute::<*const u8, Entry>(address) };
        Code { module: Some(module), entry }
    }
}

impl Drop for Code {
    fn drop(&mut self) {
        if let Some(module) = self.module.take() {
            // SAFETY: `entry` is the only way into the code, and it dies with `self`.
            unsafe { module.free_memory() };
        }
    }
}

/// Printed forms of the generated functions.
#[derive(Default)]
pub struct Texts {
    /// Cranelift's intermediate form.
    pub clif: String,
    /// Assembly.
    pub assembly: String,
}

/// What is asked of the code beside its meaning.
#[derive(Default)]
pub struct Wishes<'t> {
    /// Where its printed forms go.
    pub texts: Option<&'t mut Texts>,
    /// With a clock, the end of each kernel is told to it: the code names it by its address, and is no good without it.
    pub clock: Option<*const Clock>,
    /// The machine that it is for, if another process is to run it.
    pub machine: Option<&'t OwnedTargetIsa>,
}

/// Generates and compiles the code of a schedule; for another process with the table of what it names.
pub fn generate(schedule: &Schedule, wishes: Wishes) -> Result<(Object, Vec<Named>), CodegenError> {
    let own = isa()?;
    let keep = if wishes.machine.is_some() { Keep::portable() } else { Keep::default() };
    let mut maker = Maker {
        isa: wishes.machine.unwrap_or(own),
        keep,
        symbols: Symbols::default(),
        code: Vec::new(),
        functions: Vec::new(),
        written: Vec::new(),
        clock: wishes.clock,
        parts: 0,
        programs: 0,
        frontend: FunctionBuilderContext::new(),
        texts: wishes.texts,
    };
    let entry = maker.program(schedule)?.as_u32();
    maker.compile_written()?;
    let Maker { mut keep, code, functions, .. } = maker;
    let table = keep.table().map(std::mem::take).unwrap_or_default();
    if table.nameless {
        return Err(CodegenError::new("the code names a function that is not in the registry"));
    }
    Ok((Object { code, functions, entry, kept: keep.kept, frame: frame(schedule) }, table.entries))
}

fn frame(schedule: &Schedule) -> Frame {
    Frame {
        inputs: schedule.inputs.clone(),
        outputs: schedule.outputs.clone(),
        workspace_bytes: schedule.workspace_bytes,
        spans: schedule.spans.clone(),
        limits: schedule.limits.clone(),
    }
}

/// The signature of a generated function of so many parameters.
pub fn signature(convention: CallConv, parameters: usize) -> Signature {
    let mut signature = Signature::new(convention);
    signature.params = vec![AbiParam::new(types::I64); parameters];
    signature.returns = vec![AbiParam::new(types::I64)];
    signature
}

/// The machine that this process runs on, under ndc's settings.
pub fn isa() -> Result<&'static OwnedTargetIsa, CodegenError> {
    static ISA: OnceLock<Result<OwnedTargetIsa, String>> = OnceLock::new();
    let make = || {
        let builder = cranelift_native::builder().map_err(str::to_string)?;
        let isa = builder.finish(flags(false)?).map_err(|error| error.to_string())?;
        let lacks = |name: &str| isa.isa_flags().iter().any(|flag| flag.name == name && flag.as_bool() == Some(false));
        if lacks("has_sse42") { Err("this processor has no SSE 4.2".to_string()) } else { Ok(isa) }
    };
    ISA.get_or_init(make).as_ref().map_err(CodegenError::new)
}

/// Settings of the code generator; `movable` code is good at any address.
pub fn flags(movable: bool) -> Result<settings::Flags, String> {
    let mut flags = settings::builder();
    let verifier = if cfg!(debug_assertions) { "true" } else { "false" };
    let values = [
        ("opt_level", "none"),
        ("regalloc_algorithm", "backtracking"),
        ("enable_verifier", verifier),
        ("is_pic", if movable { "true" } else { "false" }),
        ("use_colocated_libcalls", "false"),
        ("enable_alias_analysis", "false"),
        ("unwind_info", "false"),
        ("enable_probestack", "false"),
    ];
    for (name, value) in values {
        flags.set(name, value).map_err(|error| error.to_string())?;
    }
    Ok(settings::Flags::new(flags))
}

/// A function in cranelift's form.
struct Written {
    name: String,
    context: Context,
}

struct Maker<'t> {
    isa: &'t OwnedTargetIsa,
    keep: Keep,
    symbols: Symbols,
    code: Vec<u8>,
    functions: Vec<FunctionCode>,
    /// Functions without machine code yet; their numbers follow those of `functions`.
    written: Vec<Written>,
    clock: Option<*const Clock>,
    /// The parts of the clock so far.
    parts: usize,
    /// The number of programs so far: the whole, and the bodies of loops.
    programs: usize,
    frontend: FunctionBuilderContext,
    texts: Option<&'t mut Texts>,
}

impl Maker<'_> {
    fn program(&mut self, schedule: &Schedule) -> Result<FuncId, CodegenError> {
        let prefix = if self.programs == 0 { String::new() } else { format!("body{}_", self.programs) };
        self.programs += 1;
        let laps = self.clock.map(|clock| Laps { clock, first: self.parts });
        self.parts += 1 + schedule.kernels.len();
        let own = Own { laps, ..self.own(schedule)? };
        let entry = format!("{prefix}entry");
        let pieces = pieces(schedule);
        if let [kernels] = &pieces[..] {
            return self.function(&entry, schedule, &own, |lower| {
                lower.lap(0);
                lower.kernels(kernels.clone())
            });
        }
        let mut functions = Vec::new();
        for (index, kernels) in pieces.into_iter().enumerate() {
            let name = format!("{prefix}piece{index}");
            functions.push(self.function(&name, schedule, &own, |lower| lower.kernels(kernels))?);
        }
        self.function(&entry, schedule, &own, |lower| {
            lower.lap(0);
            lower.call_pieces(&functions)
        })
    }

    /// What the functions of a schedule name: first the bodies of its loops are written.
    fn own(&mut self, schedule: &Schedule) -> Result<Own, CodegenError> {
        let mut bodies = Vec::new();
        for (index, body) in schedule.bodies.iter().enumerate() {
            bodies.push(if schedule.is_inline(index) {
                BodyCode::Inline(Box::new(self.own(body)?))
            } else {
                BodyCode::Function(self.program(body)?)
            });
        }
        let mut own = Own { constants: self.keep.constants(schedule), bodies, divided: BTreeMap::new(), laps: None };
        for kernel in &schedule.kernels {
            if let Body::Strip(strip) = &kernel.body
                && is_divided(strip)
            {
                let name = format!("strips{}", kernel.origin.0);
                let function = self.function_of(&name, RANGE_PARAMETERS, schedule, &own, |lower| {
                    lower.strip_kernel(strip);
                    Ok(())
                })?;
                own.divided.insert(kernel.origin, function);
            }
        }
        Ok(own)
    }

    fn function(
        &mut self,
        name: &str,
        schedule: &Schedule,
        own: &Own,
        write: impl FnOnce(&mut Lower) -> Result<(), CodegenError>,
    ) -> Result<FuncId, CodegenError> {
        self.function_of(name, PARAMETERS, schedule, own, write)
    }

    fn function_of(
        &mut self,
        name: &str,
        parameters: usize,
        schedule: &Schedule,
        own: &Own,
        write: impl FnOnce(&mut Lower) -> Result<(), CodegenError>,
    ) -> Result<FuncId, CodegenError> {
        let signature = signature(self.isa.default_call_conv(), parameters);
        let id = FuncId::from_u32((self.functions.len() + self.written.len()) as u32);
        let mut function = Function::with_name_signature(UserFuncName::user(0, id.as_u32()), signature);
        let mut builder = FunctionBuilder::new(&mut function, &mut self.frontend);
        let start = builder.create_block();
        builder.append_block_params_for_function_params(start);
        builder.switch_to_block(start);
        let values = builder.block_params(start).to_vec();
        let program = [values[0], values[1], values[2]];
        let mut lower = Lower::new(schedule, own, &mut self.keep, &mut self.symbols, builder, program);
        if let [first, end, scratch] = values[PARAMETERS..] {
            lower.range = Some(StripRange { first, end, scratch });
        }
        write(&mut lower)?;
        let mut builder = lower.builder;
        let zero = builder.ins().iconst(types::I64, 0);
        builder.ins().return_(&[zero]);
        builder.seal_all_blocks();
        builder.finalize(self.isa.frontend_config());
        let mut context = Context::for_function(function);
        context.set_disasm(self.texts.is_some());
        self.written.push(Written { name: name.to_string(), context });
        if self.written.len() == WAITING {
            self.compile_written()?;
        }
        Ok(id)
    }

    /// Makes machine code of what is written, on several threads where there is much. Each function is compiled for itself:
    /// their number changes nothing.
    fn compile_written(&mut self) -> Result<(), CodegenError> {
        let waiting: Vec<Mutex<Written>> = self.written.drain(..).map(Mutex::new).collect();
        let lock = |place: usize| waiting[place].lock().unwrap_or_else(PoisonError::into_inner);
        let size = |place| lock(place).context.func.dfg.num_insts();
        let many = (0..waiting.len()).map(size).sum::<usize>() >= SHARED;
        let failed = Mutex::new(None);
        let compile = |place: usize| {
            let Written { name, context } = &mut *lock(place);
            if let Err(error) = context.compile(&**self.isa, &mut ControlPlane::default()) {
                let error = CodegenError::new(format!("{name}: {:?}", error.inner));
                failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            }
        };
        match many {
            true => threads::for_each(waiting.len(), &compile),
            false => (0..waiting.len()).for_each(compile),
        }
        if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        if let Some(trouble) = guard::noted() {
            return Err(CodegenError::new(trouble));
        }
        for written in waiting {
            self.finish(&written.into_inner().unwrap_or_else(PoisonError::into_inner))?;
        }
        Ok(())
    }

    /// Appends a function that was compiled to the code.
    fn finish(&mut self, Written { name, context }: &Written) -> Result<(), CodegenError> {
        let Some(compiled) = context.compiled_code() else { return Err(CodegenError::new("no code")) };
        if let Some(texts) = self.texts.as_deref_mut() {
            let _ = writeln!(texts.clif, "; {name}\n{}", context.func.display());
            let _ = writeln!(texts.assembly, "; {name}\n{}", compiled.vcode.as_deref().unwrap_or_default());
        }
        let id = FuncId::from_u32(self.functions.len() as u32);
        let relocs = compiled.buffer.relocs().iter();
        let open = relocs.map(|place| self.symbols.relocation(&ModuleReloc::from_mach_reloc(place, &context.func, id)));
        let bytes = compiled.code_buffer();
        self.functions.push(FunctionCode {
            start: self.code.len(),
            length: bytes.len(),
            alignment: u64::from(compiled.buffer.alignment),
            places: open.collect::<Result<_, _>>()?,
        });
        self.code.extend_from_slice(bytes);
        Ok(())
    }
}

/// Neighbouring kernels in runs of about [`FUNCTION`] operations.
fn pieces(schedule: &Schedule) -> Vec<Range<usize>> {
    let kernels = &schedule.kernels[..];
    let (mut pieces, mut start, mut weight) = (Vec::new(), 0, 0);
    for (place, kernel) in kernels.iter().enumerate() {
        let own = match &kernel.body {
            Body::Scalar(block) => block.instructions.len(),
            Body::Strip(strip) => 8 * strip.instructions.len(),
            Body::Loop(run) if run.inline => operations(&schedule.bodies[run.body]).unwrap_or_default(),
            _ => 8,
        };
        if weight > 0 && weight + own > FUNCTION {
            pieces.push(start..place);
            (start, weight) = (place, 0);
        }
        weight += own;
    }
    pieces.push(start..kernels.len());
    pieces
}
