//! Writing one generated function: what all kinds of kernels share.

use super::CodegenError;
use super::divide::StripRange;
use super::keep::{Constants, Keep};
use super::module::{PARAMETERS, signature};
use super::object::{Symbol, Symbols};
use crate::ir::{ElementType, NodeId};
use crate::native::RunErrorKind;
use crate::runtime::clock::{self, Clock};
use crate::runtime::kernel::LANES;
use crate::schedule::{Body, BufferId, Place, Schedule};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::{
    AbiParam, Block, BlockArg, ExtFuncData, ExternalName, FuncRef, GlobalValue, GlobalValueData, InstBuilder,
    MemFlagsData, SigRef, Signature, StackSlot, StackSlotData, StackSlotKind, Type, Value, types,
};
use cranelift_frontend::FunctionBuilder;
use cranelift_module::FuncId;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// The writer of a function.
pub struct Lower<'a> {
    /// The program.
    pub schedule: &'a Schedule,
    /// What the code names by address.
    pub keep: &'a mut Keep,
    /// Cranelift's builder, in the block that the code goes on in.
    pub builder: FunctionBuilder<'a>,
    symbols: &'a mut Symbols,
    own: &'a Own,
    inputs: Value,
    outputs: Value,
    workspace: Value,
    bases: HashMap<BufferId, Value>,
    /// Of the function of a strip kernel: which elements it computes.
    pub range: Option<StripRange>,
    /// How many calls were written.
    pub calls: usize,
    /// When scalar code last loaded a pointer.
    pub moment: (usize, usize),
    signatures: HashMap<Signature, SigRef>,
    globals: HashMap<*const u8, GlobalValue>,
    functions: HashMap<FuncId, FuncRef>,
    /// Where the values of calls abreast are stored, which are read at once.
    lanes: Option<StackSlot>,
    /// The indices that the present block of scalar code has checked, with their limits.
    pub checked: Vec<(Value, usize)>,
    /// Where scalar code that fails goes on, rather than end the program.
    pub retreat: Option<Retreat>,
}

/// Code that does again what failed, from a number of steps on, and fails at the right place.
#[derive(Clone, Copy)]
pub struct Retreat {
    /// Its block.
    pub block: Block,
    /// How many steps of the loop are done.
    pub done: Value,
}

/// What a schedule's functions name besides its buffers.
pub struct Own {
    /// The addresses of its constants.
    pub constants: Constants,
    /// The code of the bodies of its loops.
    pub bodies: Vec<BodyCode>,
    /// The functions of strip kernels that several threads may share, by the first node.
    pub divided: BTreeMap<NodeId, FuncId>,
    /// Where it is timed: the clock.
    pub laps: Option<Laps>,
}

/// The parts of a clock that belong to a schedule: the time before its first kernel, then each kernel.
pub struct Laps {
    /// The clock.
    pub clock: *const Clock,
    /// The first part.
    pub first: usize,
}

/// Where the code of a body is.
pub enum BodyCode {
    /// In a function.
    Function(FuncId),
    /// In line, with what it names.
    Inline(Box<Own>),
}

/// A buffer's address: a register and a distance.
#[derive(Clone, Copy)]
pub struct Address {
    /// The register.
    pub base: Value,
    /// The distance in bytes.
    pub offset: i64,
}

/// The register type of an element.
pub fn register(element: ElementType) -> Type {
    match element {
        ElementType::F32 => types::F32,
        ElementType::F64 => types::F64,
        ElementType::I64 => types::I64,
        ElementType::Bool => types::I8,
    }
}

impl<'a> Lower<'a> {
    /// A writer that stands at the start of a function with these parameters.
    pub fn new(
        schedule: &'a Schedule,
        own: &'a Own,
        keep: &'a mut Keep,
        symbols: &'a mut Symbols,
        builder: FunctionBuilder<'a>,
        parameters: [Value; 3],
    ) -> Self {
        let [inputs, outputs, workspace] = parameters;
        let (bases, signatures) = (HashMap::new(), HashMap::new());
        Lower {
            schedule,
            keep,
            symbols,
            own,
            builder,
            inputs,
            outputs,
            workspace,
            bases,
            range: None,
            calls: 0,
            moment: (0, 0),
            signatures,
            globals: HashMap::new(),
            functions: HashMap::new(),
            lanes: None,
            checked: Vec::new(),
            retreat: None,
        }
    }

    /// Writes kernels one after another.
    pub fn kernels(&mut self, places: Range<usize>) -> Result<(), CodegenError> {
        let schedule = self.schedule;
        for place in places {
            let kernel = &schedule.kernels[place];
            self.bases.clear();
            match &kernel.body {
                Body::Scalar(block) => self.scalar_block(block),
                Body::Strip(strip) => match self.own.divided.get(&kernel.origin) {
                    Some(function) => self.divided_strip_kernel(strip, *function),
                    None => self.strip_kernel(strip),
                },
                Body::Loop(run) if run.inline => {
                    self.inline_loop(&mut Vec::new(), (self.schedule, self.own), kernel.origin, run)?;
                }
                Body::Loop(run) => self.loop_kernel(kernel.origin, run)?,
                Body::Replay(replay) => self.replay_kernel(replay)?,
                body => self.call_kernel(kernel.origin, body),
            }
            self.lap(1 + place);
        }
        Ok(())
    }

    /// Tells the clock, where there is one, that a part of the program has come to its end: the time before its first
    /// kernel, or a kernel.
    pub fn lap(&mut self, part: usize) {
        if let Some(laps) = &self.own.laps {
            let (clock, part) = (laps.clock, laps.first + part);
            // Timed code is not stored: it names its clock by the address.
            let arguments = [self.number(clock.addr()), self.number(part)];
            self.call(clock::lap as *const u8, &arguments, None);
        }
    }

    /// The parameters of the program.
    pub fn parameters(&self) -> [Value; 3] {
        [self.inputs, self.outputs, self.workspace]
    }

    /// Calls functions of the program's own signature one after another.
    pub fn call_pieces(&mut self, functions: &[FuncId]) -> Result<(), CodegenError> {
        for function in functions {
            self.call_function(*function, [self.inputs, self.outputs, self.workspace]);
        }
        Ok(())
    }

    /// Calls the body of a loop.
    pub fn call_body(&mut self, body: usize, arguments: [Value; 3]) -> Result<(), CodegenError> {
        let function = self.function_of(body)?;
        self.call_function(function, arguments);
        Ok(())
    }

    /// The address of the function of a body.
    pub fn body_address(&mut self, body: usize) -> Result<Value, CodegenError> {
        let function = self.function_of(body)?;
        let function = self.callee(function, PARAMETERS);
        Ok(self.builder.ins().func_addr(types::I64, function))
    }

    fn function_of(&self, body: usize) -> Result<FuncId, CodegenError> {
        match self.own.bodies[body] {
            BodyCode::Function(function) => Ok(function),
            BodyCode::Inline(_) => Err(CodegenError::new("a body without a function")),
        }
    }

    /// Calls a function and ends the program if that fails.
    fn call_function(&mut self, function: FuncId, arguments: [Value; 3]) {
        self.calls += 1;
        let callee = self.callee(function, PARAMETERS);
        let call = self.builder.ins().call(callee, &arguments);
        let status = self.builder.inst_results(call)[0];
        self.leave_if(status, status);
    }

    /// A generated function, as the one that is being written names it.
    pub(super) fn callee(&mut self, function: FuncId, parameters: usize) -> FuncRef {
        if let Some(known) = self.functions.get(&function) {
            return *known;
        }
        let name = self.symbols.name(Symbol::Function(function.as_u32()));
        let name = ExternalName::user(self.builder.func.declare_imported_user_function(name));
        let signature = signature(self.builder.func.signature.call_conv, parameters);
        let signature = self.builder.import_signature(signature);
        let imported = ExtFuncData { name, signature, colocated: true, patchable: false };
        let callee = self.builder.import_function(imported);
        self.functions.insert(function, callee);
        callee
    }

    /// Where a buffer starts.
    pub fn address(&mut self, id: BufferId) -> Address {
        let (table, index) = match &self.schedule.buffer(id).place {
            Place::Workspace(offset) => return Address { base: self.workspace, offset: *offset as i64 },
            Place::Constant(_) => return self.constant_address(id),
            Place::Input(index) => (self.inputs, *index),
            Place::Output(index) => (self.outputs, *index),
        };
        let known = self.bases.get(&id).copied();
        let base = known.unwrap_or_else(|| {
            let loaded = self.builder.ins().load(types::I64, MemFlagsData::trusted(), table, 8 * index as i32);
            self.bases.insert(id, loaded);
            loaded
        });
        Address { base, offset: 0 }
    }

    /// Loads the pointers of inputs and outputs again when they are next needed.
    pub fn forget_bases(&mut self) {
        self.bases.clear();
    }

    fn constant_address(&mut self, id: BufferId) -> Address {
        let address = self.own.constants[id.index()].unwrap_or(std::ptr::null());
        Address { base: self.pointer(address), offset: 0 }
    }

    /// An address as a register.
    pub fn start(&mut self, id: BufferId) -> Value {
        let Address { base, offset } = self.address(id);
        self.offset(base, offset)
    }

    /// A pointer some bytes further.
    pub fn offset(&mut self, base: Value, bytes: i64) -> Value {
        if bytes == 0 { base } else { self.builder.ins().iadd_imm_s(base, bytes) }
    }

    /// The address of something kept, or of a function or `static` of ndc.
    pub fn pointer<T>(&mut self, address: *const T) -> Value {
        let address: *const u8 = address.cast();
        if address.is_null() {
            return self.number(0);
        }
        if let Some(place) = self.keep.table_place(address) {
            let table = self.named(std::ptr::null(), Symbol::Table, true);
            return self.builder.ins().load(
                types::I64,
                MemFlagsData::trusted().with_readonly(),
                table,
                8 * place as i32,
            );
        }
        let symbol = self.keep.symbol(address);
        let beside = self.keep.table().is_some();
        self.named(address, symbol, beside)
    }

    /// The address of a symbol; `beside` says that it is near the code.
    fn named(&mut self, key: *const u8, symbol: Symbol, beside: bool) -> Value {
        let global = match self.globals.get(&key) {
            Some(known) => *known,
            None => {
                let name = self.symbols.name(symbol);
                let name = ExternalName::user(self.builder.func.declare_imported_user_function(name));
                let symbol = GlobalValueData::Symbol { name, offset: 0.into(), colocated: beside, tls: false };
                let global = self.builder.create_global_value(symbol);
                self.globals.insert(key, global);
                global
            }
        };
        self.builder.ins().symbol_value(types::I64, global)
    }

    /// A whole number.
    pub fn number(&mut self, value: usize) -> Value {
        self.builder.ins().iconst(types::I64, value as i64)
    }

    /// Calls a function of the runtime by its address.
    pub fn call(&mut self, address: *const u8, arguments: &[Value], result: Option<Type>) -> Option<Value> {
        self.calls += 1;
        let mut signature = Signature::new(self.builder.func.signature.call_conv);
        let types = arguments.iter().map(|argument| self.builder.func.dfg.value_type(*argument));
        signature.params = types.map(AbiParam::new).collect();
        signature.returns = result.map(AbiParam::new).into_iter().collect();
        let signature = match self.signatures.get(&signature) {
            Some(known) => *known,
            None => {
                let imported = self.builder.import_signature(signature.clone());
                self.signatures.insert(signature, imported);
                imported
            }
        };
        let callee = self.pointer(address);
        let call = self.builder.ins().call_indirect(signature, callee, arguments);
        self.builder.inst_results(call).first().copied()
    }

    /// Memory for the values of one call.
    pub fn lanes_slot(&mut self) -> StackSlot {
        let builder = &mut self.builder;
        let bytes = (LANES * size_of::<f64>()) as u32;
        let make = || builder.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, bytes, 6));
        *self.lanes.get_or_insert_with(make)
    }

    /// Ends the program with an error of a node if a flag (any integer) is not zero.
    pub fn fail_if(&mut self, flag: Value, node: NodeId, kind: RunErrorKind) {
        if let Some(Retreat { block, done }) = self.retreat {
            let next = self.builder.create_block();
            self.builder.ins().brif(flag, block, &[BlockArg::Value(done)], next, &[]);
            self.builder.switch_to_block(next);
            return;
        }
        let (failed, next) = self.fork(flag);
        self.builder.switch_to_block(failed);
        let code = self.builder.ins().iconst(types::I64, kind.code(node));
        self.builder.ins().return_(&[code]);
        self.builder.switch_to_block(next);
    }

    /// Ends the program if a call reported 1 (an index) or 2 (integers) at a node.
    pub fn fail_by_status(&mut self, status: Value, node: NodeId) {
        let (failed, next) = self.fork(status);
        self.builder.switch_to_block(failed);
        let is_index = self.builder.ins().icmp_imm_s(IntCC::Equal, status, 1);
        let index = self.builder.ins().iconst(types::I64, RunErrorKind::Index.code(node));
        let integer = self.builder.ins().iconst(types::I64, RunErrorKind::Integer.code(node));
        let code = self.builder.ins().select(is_index, index, integer);
        self.builder.ins().return_(&[code]);
        self.builder.switch_to_block(next);
    }

    /// Ends the program with a code if a flag (any integer) is not zero.
    pub fn leave_if(&mut self, flag: Value, code: Value) {
        let (failed, next) = self.fork(flag);
        self.builder.switch_to_block(failed);
        self.builder.ins().return_(&[code]);
        self.builder.switch_to_block(next);
    }

    fn fork(&mut self, flag: Value) -> (Block, Block) {
        let (failed, next) = (self.builder.create_block(), self.builder.create_block());
        self.builder.set_cold_block(failed);
        self.builder.ins().brif(flag, failed, &[], next, &[]);
        (failed, next)
    }
}
