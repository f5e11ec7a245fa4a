//! Layers and models.
//!
//! A model of the file is a tree of layer instances and compositions ([`build`]). An instance has parameters once the
//! sizes they mention are known: from its configuration, or from the first call ([`calls`]). The value of a model is
//! the record of its parameters, tagged with its [`ModelId`], which makes it callable ([`values`]).
//!
//! A use that needs a model's type before any call has fixed its sizes leaves a mark; the file is then checked again
//! with the sizes that were found ([`KnownSizes`]).

mod build;
mod calls;
mod layers;
mod outputs;
mod values;

pub use outputs::LayerOutput;

use super::annotations::SizeBindings;
use super::program::{ParamId, Typed};
use super::size::Size;
use super::types::{ModelId, Type};
use crate::source::Span;
use crate::syntax::ast;
use layers::Layer;
use std::collections::HashMap;

/// The sizes of layer instances, by their paths, as the calls of an earlier pass have fixed them.
pub(super) type KnownSizes = HashMap<String, FixedSizes>;

/// The sizes that the parameters of one layer instance mention.
#[derive(Clone)]
pub(super) struct FixedSizes {
    /// Each size variable with its value.
    sizes: SizeBindings,
    /// The call that fixed them.
    use_span: Span,
}

/// All layers and models of a file.
#[derive(Default)]
pub(super) struct Models<'a> {
    layers: Vec<Layer<'a>>,
    items: Vec<ModelItem<'a>>,
    all: Vec<Model<'a>>,
    /// Sizes found so far, by path.
    pub(super) known: KnownSizes,
    /// Models that were used as values while a size was unknown.
    early_uses: Vec<(ModelId, Span)>,
    /// Models whose parameters were needed while a size was unknown.
    needed: Vec<(ModelId, Span)>,
    /// For each parameter of the program its place in the order of declaration.
    order: Vec<Vec<u32>>,
    /// Parameters and models of the file so far.
    declared: u32,
}

/// A `model` item.
struct ModelItem<'a> {
    name: &'a ast::Name,
    value: &'a ast::Expr,
    /// `None` before it is needed; `Some(None)` when it has failed.
    made: Option<Option<ModelId>>,
}

/// A model, or a part of one that is a model itself.
struct Model<'a> {
    /// `net`, `net.0`, `net.0.encoder`.
    path: String,
    /// The expression that makes it.
    span: Span,
    /// Its place in the order of declaration.
    order: Vec<u32>,
    form: Form<'a>,
    /// Whether any parameter belongs to it.
    owns: bool,
    /// Its type, once all sizes are known.
    ty: Option<Type>,
}

/// What a model is made of.
enum Form<'a> {
    /// An instance of a layer.
    Instance(Instance<'a>),
    /// `a >> b >> c`.
    Composition(Vec<Part>),
}

/// A layer with its configuration.
struct Instance<'a> {
    layer: u32,
    configuration: Vec<(&'a str, Configured)>,
    /// The sizes of its parameters, once they are known.
    fixed: Option<FixedSizes>,
    /// Its parameters and models in order of declaration, once its sizes are known.
    members: Vec<(&'a str, Member)>,
}

/// The value of a configuration argument.
#[derive(Clone)]
enum Configured {
    /// A size.
    Size(Size),
    /// Another value, known when compiling.
    Value(Typed),
}

/// A member of a layer instance.
#[derive(Clone, Copy)]
enum Member {
    Param(ParamId),
    Model(ModelId),
}

/// A part of a composition.
#[derive(Clone)]
enum Part {
    /// A model; one made elsewhere is shared.
    Model(ModelId, Span),
    /// A function, which owns nothing.
    Function(Typed),
}

impl<'a> Models<'a> {
    /// With the sizes that an earlier pass has found.
    pub(super) fn new(known: KnownSizes) -> Self {
        Models { known, ..Models::default() }
    }

    fn model(&self, id: ModelId) -> &Model<'a> {
        &self.all[id.0 as usize]
    }

    /// Where a model stands in the file.
    pub(super) fn path(&self, id: ModelId) -> &str {
        &self.model(id).path
    }

    /// The place of the next parameter or model of the file in the order of declaration.
    pub(super) fn next_order(&mut self) -> Vec<u32> {
        self.declared += 1;
        vec![self.declared]
    }

    /// Records where a parameter that was just entered stands in the order of declaration.
    pub(super) fn entered(&mut self, order: Vec<u32>) {
        self.order.push(order);
    }

    /// Whether another pass would give what this one could not: the types of models that were needed early, and the
    /// parameters in order of declaration.
    pub(super) fn needs_another_pass(&self) -> bool {
        let late = self.early_uses.iter().chain(&self.needed).any(|(id, _)| self.model(*id).ty.is_some());
        late || !self.order.is_sorted()
    }

    /// Notes that the sizes of a model were needed before they were known.
    pub(super) fn need_early(&mut self, id: ModelId, span: Span) {
        self.early_uses.push((id, span));
    }

    /// Forgets early uses in functions that were checked for themselves.
    pub(super) fn forget_early_uses(&mut self) {
        self.early_uses.clear();
        self.needed.clear();
    }
}
