//! Object files: code for another process, with all that a program needs to be called there.
//!
//! Code in an object file is good at any address. What it names beside its own functions and constants it finds in a table of
//! addresses; `native::built` fills it when the program is first called. Each program has a function of the C language, which
//! puts its arguments into the two tables of pointers that programs take.

use super::CodegenError;
use super::module::{Wishes, flags, generate, signature};
use super::object::{Object, Symbol};
use crate::ir::{ElementType, NodeId};
use crate::native::Port;
use crate::native::built::{Image, Named, PROGRAM_WORDS};
use crate::schedule::Schedule;
use cranelift_codegen::ir::{
    AbiParam, Function, InstBuilder, MemFlagsData, Signature, StackSlotData, StackSlotKind, Type, Value,
};
use cranelift_codegen::ir::{UserFuncName, types};
use cranelift_codegen::isa::{self, OwnedTargetIsa};
use cranelift_codegen::settings::Configurable;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use cranelift_module::{
    DataDescription, DataId, FuncId, Linkage, Module, ModuleReloc, ModuleRelocTarget, default_libcall_names,
};
use cranelift_object::{ObjectBuilder, ObjectModule};

/// What processors an object file is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Processor {
    /// Any that ndc runs on: on x86-64 those with SSE 4.2, since 2009.
    #[default]
    Baseline,
    /// x86-64-v3: with AVX2 and FMA, since 2013.
    Avx2,
}

impl Processor {
    /// The features that the code asks for, by cranelift's names and by those of the architecture.
    fn features(self) -> &'static [(&'static str, &'static str)] {
        const ALL: &[(&str, &str)] = &[
            ("has_sse3", "sse3"),
            ("has_ssse3", "ssse3"),
            ("has_sse41", "sse4.1"),
            ("has_sse42", "sse4.2"),
            ("has_popcnt", "popcnt"),
            ("has_avx", "avx"),
            ("has_avx2", "avx2"),
            ("has_fma", "fma"),
            ("has_bmi1", "bmi1"),
            ("has_bmi2", "bmi2"),
            ("has_lzcnt", "lzcnt"),
        ];
        match self {
            _ if cfg!(not(target_arch = "x86_64")) => &[],
            Processor::Baseline => &ALL[..5],
            Processor::Avx2 => ALL,
        }
    }

    fn machine(self) -> Result<OwnedTargetIsa, CodegenError> {
        let mut builder = isa::lookup(target_lexicon::Triple::host()).map_err(CodegenError::new)?;
        for (name, _) in self.features() {
            builder.enable(name).map_err(CodegenError::new)?;
        }
        builder.finish(flags(true).map_err(CodegenError::new)?).map_err(CodegenError::new)
    }
}

/// A program of an object file.
pub struct Unit<'a> {
    /// The name of its function.
    pub symbol: &'a str,
    /// Its name in messages.
    pub name: &'a str,
    /// What it does.
    pub schedule: &'a Schedule,
    /// The places of its nodes as text, by node.
    pub places: Vec<(NodeId, String)>,
}

/// An object file with these programs. Their functions take the inputs, numbers by value and tensors by pointer, then pointers
/// to the outputs, and return a status. `message` names the function that says what went wrong.
///
/// # Errors
/// When cranelift refuses the code, or it names what cannot be found in another process.
pub fn object_file(name: &str, units: &[Unit], message: &str, processor: Processor) -> Result<Vec<u8>, CodegenError> {
    let machine = processor.machine()?;
    let builder = ObjectBuilder::new(machine.clone(), name, default_libcall_names()).map_err(CodegenError::new)?;
    let mut module = ObjectModule::new(builder);
    let call = runtime_call(&mut module)?;
    for unit in units {
        let wishes = Wishes { machine: Some(&machine), ..Wishes::default() };
        let (object, table) = generate(unit.schedule, wishes)?;
        let program = define_program(&mut module, unit, object, table, processor)?;
        define_function(&mut module, unit, call, program)?;
    }
    define_message(&mut module, message)?;
    module.finish().emit().map_err(CodegenError::new)
}

/// The function of the runtime that calls programs.
fn runtime_call(module: &mut ObjectModule) -> Result<FuncId, CodegenError> {
    let mut signature = Signature::new(module.isa().default_call_conv());
    signature.params = vec![AbiParam::new(types::I64); 3];
    signature.returns = vec![AbiParam::new(types::I32)];
    module.declare_function("ndc_runtime_call", Linkage::Import, &signature).map_err(CodegenError::new)
}

/// Puts a program's code and data into the object file; the place of the whole.
fn define_program(
    module: &mut ObjectModule,
    unit: &Unit,
    mut object: Object,
    table: Vec<Named>,
    processor: Processor,
) -> Result<DataId, CodegenError> {
    let mut constants = Vec::new();
    for bytes in object.kept.take_constants() {
        constants.push(data(module, false, bytes)?);
    }
    let addresses = zeros(module, table.len().max(1) * size_of::<usize>())?;
    let entry = define_code(module, &object, &constants, addresses)?;
    let image = Image {
        name: unit.name.to_string(),
        features: processor.features().iter().map(|(_, name)| name.to_string()).collect(),
        frame: object.frame,
        places: unit.places.clone(),
        kept: object.kept,
        table,
    };
    let image = image.to_bytes().map_err(CodegenError::new)?;
    let length = image.len();
    let image = data(module, false, image)?;
    let mut words = vec![0u8; PROGRAM_WORDS * size_of::<usize>()];
    words[3 * size_of::<usize>()..][..size_of::<usize>()].copy_from_slice(&length.to_ne_bytes());
    let mut program = description(words);
    let entry = module.declare_func_in_data(entry, &mut program);
    program.write_function_addr(0, entry);
    for (place, id) in [(1, addresses), (2, image)] {
        let named = module.declare_data_in_data(id, &mut program);
        program.write_data_addr(place * size_of::<usize>() as u32, named, 0);
    }
    let id = module.declare_anonymous_data(true, false).map_err(CodegenError::new)?;
    module.define_data(id, &program).map_err(CodegenError::new)?;
    Ok(id)
}

fn description(bytes: Vec<u8>) -> DataDescription {
    let mut description = DataDescription::new();
    description.define(bytes.into_boxed_slice());
    description.set_align(16);
    description
}

fn data(module: &mut ObjectModule, writable: bool, bytes: Vec<u8>) -> Result<DataId, CodegenError> {
    // An object of no bytes has no place.
    let bytes = if bytes.is_empty() { vec![0; 8] } else { bytes };
    let id = module.declare_anonymous_data(writable, false).map_err(CodegenError::new)?;
    module.define_data(id, &description(bytes)).map_err(CodegenError::new)?;
    Ok(id)
}

fn zeros(module: &mut ObjectModule, bytes: usize) -> Result<DataId, CodegenError> {
    let id = module.declare_anonymous_data(true, false).map_err(CodegenError::new)?;
    let mut description = DataDescription::new();
    description.define_zeroinit(bytes);
    description.set_align(16);
    module.define_data(id, &description).map_err(CodegenError::new)?;
    Ok(id)
}

/// Puts the functions of a program into the object file; its entry function.
fn define_code(
    module: &mut ObjectModule,
    object: &Object,
    constants: &[DataId],
    table: DataId,
) -> Result<FuncId, CodegenError> {
    let signature = signature(module.isa().default_call_conv(), super::module::PARAMETERS);
    let mut ids = Vec::with_capacity(object.functions.len());
    for _ in &object.functions {
        ids.push(module.declare_anonymous_function(&signature).map_err(CodegenError::new)?);
    }
    let target = |symbol: Option<Symbol>| -> Result<ModuleRelocTarget, CodegenError> {
        match symbol {
            Some(Symbol::Function(index)) => Ok(ids[index as usize].into()),
            Some(Symbol::Constant(index)) => Ok(constants[index as usize].into()),
            Some(Symbol::Table) => Ok(table.into()),
            other => Err(CodegenError::new(format!("code for an object file names {other:?}"))),
        }
    };
    for (function, id) in object.functions.iter().zip(&ids) {
        let mut open = Vec::with_capacity(function.places.len());
        for place in &function.places {
            let (kind, name) = (place.reloc(), target(place.symbol())?);
            open.push(ModuleReloc { offset: place.offset, kind, name, addend: place.addend });
        }
        let bytes = &object.code[function.start..][..function.length];
        module.define_function_bytes(*id, function.alignment, bytes, &open).map_err(CodegenError::new)?;
    }
    Ok(ids[object.entry as usize])
}

/// Whether a port's function takes a number by value.
fn by_value(port: &Port) -> bool {
    port.ty.shape.rank() == 0
}

fn register(element: ElementType) -> Type {
    super::lower::register(element)
}

/// Writes the function of the C language that calls a program.
fn define_function(module: &mut ObjectModule, unit: &Unit, call: FuncId, program: DataId) -> Result<(), CodegenError> {
    let (inputs, outputs) = (&unit.schedule.inputs, &unit.schedule.outputs);
    let mut signature = Signature::new(module.isa().default_call_conv());
    let parameter = |port: &Port| if by_value(port) { register(port.ty.element) } else { types::I64 };
    signature.params = inputs.iter().map(parameter).map(AbiParam::new).collect();
    signature.params.extend(outputs.iter().map(|_| AbiParam::new(types::I64)));
    signature.returns = vec![AbiParam::new(types::I32)];
    let id = module.declare_function(unit.symbol, Linkage::Export, &signature).map_err(CodegenError::new)?;
    let mut function = Function::with_name_signature(UserFuncName::user(0, id.as_u32()), signature);
    let mut frontend = FunctionBuilderContext::new();
    let mut builder = FunctionBuilder::new(&mut function, &mut frontend);
    let start = builder.create_block();
    builder.append_block_params_for_function_params(start);
    builder.switch_to_block(start);
    let arguments = builder.block_params(start).to_vec();
    let (given, results) = arguments.split_at(inputs.len());
    let mut pointers = Vec::with_capacity(inputs.len());
    for (port, argument) in inputs.iter().zip(given) {
        pointers.push(if by_value(port) { stored(&mut builder, &[*argument]) } else { *argument });
    }
    let (inputs, outputs) = (stored(&mut builder, &pointers), stored(&mut builder, results));
    let program = module.declare_data_in_func(program, builder.func);
    let program = builder.ins().symbol_value(types::I64, program);
    let call = module.declare_func_in_func(call, builder.func);
    let call = builder.ins().call(call, &[program, inputs, outputs]);
    let status = builder.inst_results(call)[0];
    builder.ins().return_(&[status]);
    builder.seal_all_blocks();
    builder.finalize(module.isa().frontend_config());
    let mut context = cranelift_codegen::Context::for_function(function);
    module.define_function(id, &mut context).map_err(CodegenError::new)
}

/// Writes the function that says what went wrong in the last call of a thread.
fn define_message(module: &mut ObjectModule, symbol: &str) -> Result<(), CodegenError> {
    let mut signature = Signature::new(module.isa().default_call_conv());
    signature.returns = vec![AbiParam::new(types::I64)];
    let message = module.declare_function("ndc_error_message", Linkage::Import, &signature);
    let message = message.map_err(CodegenError::new)?;
    let id = module.declare_function(symbol, Linkage::Export, &signature).map_err(CodegenError::new)?;
    let mut function = Function::with_name_signature(UserFuncName::user(0, id.as_u32()), signature);
    let mut frontend = FunctionBuilderContext::new();
    let mut builder = FunctionBuilder::new(&mut function, &mut frontend);
    let start = builder.create_block();
    builder.switch_to_block(start);
    let message = module.declare_func_in_func(message, builder.func);
    let call = builder.ins().call(message, &[]);
    let text = builder.inst_results(call)[0];
    builder.ins().return_(&[text]);
    builder.seal_all_blocks();
    builder.finalize(module.isa().frontend_config());
    let mut context = cranelift_codegen::Context::for_function(function);
    module.define_function(id, &mut context).map_err(CodegenError::new)
}

/// Values in memory of the function, eight bytes each; where they are.
fn stored(builder: &mut FunctionBuilder, values: &[Value]) -> Value {
    let bytes = 8 * values.len().max(1) as u32;
    let slot = builder.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, bytes, 3));
    let start = builder.ins().stack_addr(types::I64, slot, 0);
    for (place, value) in values.iter().enumerate() {
        builder.ins().store(MemFlagsData::trusted(), *value, start, 8 * place as i32);
    }
    start
}
