//! Kernels that are one call of the runtime each.

use super::lower::{Lower, register};
use crate::ir::{ElementType, Extreme, NodeId, Outside};
use crate::native::keep::Descriptor;
use crate::native::support::zero_bytes;
use crate::runtime::linear_algebra::{kernel_double, kernel_single};
use crate::runtime::matmul::distances::{DistancesDescriptor, Wanted, distances};
use crate::runtime::matmul::looped::{LoopedProduct, ProductLoop, looped_product};
use crate::runtime::matmul::{self, MatmulShape};
use crate::runtime::support_add::add_elements;
use crate::runtime::support_fold::{ContractDescriptor, contract_integers};
use crate::runtime::support_move::{MoveDescriptor, move_elements};
use crate::runtime::support_rows::{FoldDescriptor, GatherDescriptor, arg_extreme, gather_rows};
use crate::runtime::support_scatter::{ScatterDescriptor, scatter_add};
use crate::schedule::{
    Body, BufferId, ContractLoop, ContractPlaces, Layout, MatrixKernel, SMALL_COPY, ScatterRows, View, names,
};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value, types};

impl Lower<'_> {
    /// Writes the call of a kernel at a node.
    pub fn call_kernel(&mut self, node: NodeId, body: &Body) {
        match body {
            Body::Scalar(_) | Body::Strip(_) | Body::Loop(_) | Body::Replay(_) => {}
            Body::Copy { from, to } => self.copy_kernel(from, to),
            Body::Add { from, to } => self.add_kernel(node, from, to),
            Body::Zero { to } => {
                let bytes = self.number(self.schedule.buffer(*to).bytes());
                let start = self.start(*to);
                self.call(zero_bytes as *const u8, &[start, bytes], None);
            }
            Body::Contract { left, right, to, places } => self.contract_kernel(node, left, right, *to, places),
            Body::Distances { left, right, to, wanted } => self.distances_kernel(left, right, *to, *wanted),
            Body::Gather { operand, indices, to, .. } => {
                let descriptor = self.gather_descriptor(body, operand, *to);
                let arguments =
                    [self.kept(descriptor), self.start(operand.buffer), self.start(*indices), self.start(*to)];
                self.checked_call(gather_rows as *const u8, &arguments, node);
            }
            Body::ScatterAdd { indices, updates, to, rows: ScatterRows { batch, at, rows, rest, outside } } => {
                let lenient = *outside == Outside::Zero;
                let descriptor = ScatterDescriptor { batch: *batch, rows: *rows, at: *at, rest: *rest, lenient };
                let address = match self.element(*to) {
                    ElementType::F32 => scatter_add::<f32> as *const u8,
                    ElementType::F64 => scatter_add::<f64> as *const u8,
                    _ => scatter_add::<i64> as *const u8,
                };
                let arguments = [self.kept(descriptor), self.start(*indices), self.start(*updates), self.start(*to)];
                self.checked_call(address, &arguments, node);
            }
            Body::ArgReduce { extreme, from, to, outer, n, inner } => {
                let descriptor = FoldDescriptor { outer: *outer, n: *n, inner: *inner };
                let address = arg_address(*extreme, self.element(*from));
                let arguments = [self.kept(descriptor), self.start(*from), self.start(*to)];
                self.call(address, &arguments, None);
            }
            Body::LinearAlgebra(kernel) => self.matrix_kernel(kernel),
        }
    }

    fn matrix_kernel(&mut self, kernel: &MatrixKernel) {
        let address = match self.element(kernel.to) {
            ElementType::F32 => kernel_single as *const u8,
            _ => kernel_double as *const u8,
        };
        let matrices = self.start(kernel.arguments[0]);
        let rights = kernel.arguments.get(1).map_or(matrices, |rights| self.start(*rights));
        let (results, memory) = (self.start(kernel.to), self.start(kernel.memory));
        let descriptor = self.kept(kernel.descriptor);
        self.call(address, &[descriptor, matrices, rights, results, memory], None);
    }

    fn element(&self, id: BufferId) -> ElementType {
        self.schedule.buffer(id).element
    }

    pub(super) fn kept<T>(&mut self, descriptor: T) -> Value
    where
        Descriptor: From<T>,
    {
        let address = self.keep.keep(descriptor);
        self.pointer(address)
    }

    fn checked_call(&mut self, address: *const u8, arguments: &[Value], node: NodeId) {
        if let Some(status) = self.call(address, arguments, Some(types::I8)) {
            self.fail_by_status(status, node);
        }
    }

    fn copy_kernel(&mut self, from: &View, to: &View) {
        if from.layout.count() == 0 {
            return;
        }
        if from.layout.count() <= SMALL_COPY {
            return self.copy_elements(from, to);
        }
        let descriptor = self.between(from, to);
        let arguments = [self.kept(descriptor), self.start(from.buffer), self.start(to.buffer)];
        self.call(move_elements as *const u8, &arguments, None);
    }

    /// A copy of a few elements without a call.
    fn copy_elements(&mut self, from: &View, to: &View) {
        let (source, target) = (self.address(from.buffer), self.address(to.buffer));
        let (element, bytes) = (register(self.element(from.buffer)), self.element(from.buffer).bytes());
        for place in 0..from.layout.count() {
            let distance = |layout: &Layout| (layout.position(place) * bytes) as i64;
            let (base, offset) = self.near(source.base, source.offset + distance(&from.layout));
            let value = self.builder.ins().load(element, MemFlagsData::trusted(), base, offset);
            let (base, offset) = self.near(target.base, target.offset + distance(&to.layout));
            self.builder.ins().store(MemFlagsData::trusted(), value, base, offset);
        }
    }

    fn add_kernel(&mut self, node: NodeId, from: &View, to: &View) {
        if from.layout.count() == 0 {
            return;
        }
        let descriptor = self.between(from, to);
        let address = match self.element(to.buffer) {
            ElementType::F32 => add_elements::<f32> as *const u8,
            ElementType::F64 => add_elements::<f64> as *const u8,
            _ => add_elements::<i64> as *const u8,
        };
        let arguments = [self.kept(descriptor), self.start(from.buffer), self.start(to.buffer)];
        self.checked_call(address, &arguments, node);
    }

    /// The walk over two views of the same sizes.
    fn between(&self, from: &View, to: &View) -> MoveDescriptor {
        let axes = from.layout.sizes.iter().zip(&from.layout.strides).zip(&to.layout.strides);
        let axes = axes.map(|((size, source), target)| (*size, *source, *target)).collect();
        let bytes = self.element(from.buffer).bytes();
        MoveDescriptor::new(bytes, axes, from.layout.offset, to.layout.offset)
    }

    fn contract_kernel(&mut self, node: NodeId, left: &View, right: &View, to: BufferId, places: &ContractPlaces) {
        let (l, r) = (&left.layout, &right.layout);
        let bytes = self.element(to).bytes() as i64;
        let (a, b, out) = (self.start(left.buffer), self.start(right.buffer), self.start(to));
        let (a, b) = (self.offset(a, l.offset as i64 * bytes), self.offset(b, r.offset as i64 * bytes));
        let out = self.offset(out, places.start as i64 * bytes);
        if let Some(product) = matmul::function(names::element(self.element(to))) {
            let shape = MatmulShape {
                batch: l.sizes[0],
                m: l.sizes[1],
                k: l.sizes[2],
                n: r.sizes[1],
                a_batch: l.strides[0],
                a_row: l.strides[1],
                a_column: l.strides[2],
                b_batch: r.strides[0],
                b_row: r.strides[2],
                b_column: r.strides[1],
                c_batch: places.batch as isize,
                c_row: places.row,
                accumulate: usize::from(places.adds),
            };
            let step = |each: &ContractLoop| ProductLoop {
                count: each.count,
                a: each.left * bytes as isize,
                b: each.right * bytes as isize,
                c: each.to * bytes as isize,
                sums: each.sums,
            };
            let loops = places.loops.iter().map(step).collect();
            let looped = LoopedProduct::new(bytes as usize, shape, loops);
            if looped.is_needed() {
                let arguments = [self.kept(looped), out, a, b];
                self.call(looped_product as *const u8, &arguments, None);
                return;
            }
            let arguments = [self.kept(shape), out, a, b];
            self.call(product as *const u8, &arguments, None);
            return;
        }
        let descriptor = ContractDescriptor {
            sizes: [l.sizes[0], l.sizes[1], r.sizes[1], l.sizes[2]],
            left: [l.strides[0], l.strides[1], l.strides[2]],
            right: [r.strides[0], r.strides[1], r.strides[2]],
        };
        let arguments = [self.kept(descriptor), a, b, out];
        self.checked_call(contract_integers as *const u8, &arguments, node);
    }

    fn distances_kernel(&mut self, left: &View, right: &View, to: BufferId, wanted: Wanted) {
        let (l, r) = (&left.layout, &right.layout);
        let bytes = self.element(left.buffer).bytes();
        let strides = |layout: &Layout| [layout.strides[0], layout.strides[1], layout.strides[2]];
        let descriptor = DistancesDescriptor {
            batch: l.sizes[0],
            m: l.sizes[1],
            n: r.sizes[1],
            k: l.sizes[2],
            a: strides(l),
            b: strides(r),
            wanted,
            bytes,
        };
        let [a, b] = [left, right].map(|view| {
            let start = self.start(view.buffer);
            self.offset(start, view.layout.offset as i64 * bytes as i64)
        });
        let arguments = [self.kept(descriptor), self.start(to), a, b];
        self.call(distances as *const u8, &arguments, None);
    }

    fn gather_descriptor(&self, body: &Body, operand: &View, to: BufferId) -> GatherDescriptor {
        let Body::Gather { at, outside, .. } = body else { unreachable!("only gathers come here") };
        let layout = &operand.layout;
        let rest = layout.axes(2..layout.sizes.len(), layout.offset);
        let strides = crate::ir::Shape::new(&rest.sizes).strides();
        let axes = rest.sizes.iter().zip(&rest.strides).zip(&strides);
        let axes = axes.map(|((size, source), target)| (*size, *source, *target as isize)).collect();
        GatherDescriptor {
            batch: layout.sizes[0],
            batch_stride: layout.strides[0],
            rows: layout.sizes[1],
            row_stride: layout.strides[1],
            at: *at,
            row_elements: rest.count(),
            row: MoveDescriptor::new(self.element(to).bytes(), axes, layout.offset, 0),
            lenient: *outside == Outside::Zero,
        }
    }
}

fn arg_address(extreme: Extreme, element: ElementType) -> *const u8 {
    match (extreme, element) {
        (Extreme::Max, ElementType::F32) => arg_extreme::<f32, true> as *const u8,
        (Extreme::Max, ElementType::F64) => arg_extreme::<f64, true> as *const u8,
        (Extreme::Max, ElementType::I64) => arg_extreme::<i64, true> as *const u8,
        (Extreme::Max, ElementType::Bool) => arg_extreme::<u8, true> as *const u8,
        (Extreme::Min, ElementType::F32) => arg_extreme::<f32, false> as *const u8,
        (Extreme::Min, ElementType::F64) => arg_extreme::<f64, false> as *const u8,
        (Extreme::Min, ElementType::I64) => arg_extreme::<i64, false> as *const u8,
        (Extreme::Min, ElementType::Bool) => arg_extreme::<u8, false> as *const u8,
    }
}
