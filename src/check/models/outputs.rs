//! The layers of a file with what they give, for those who list them.

use super::super::Checker;
use super::super::program::Closure;
use super::super::types::Type;
use super::{Form, Model};

/// A layer of a model of the file.
#[derive(Clone, Debug)]
pub struct LayerOutput {
    /// `net.0`.
    pub path: String,
    /// What its calls give for one example, each once, in order of the first; nothing if it is never called.
    pub outputs: Vec<Type>,
}

impl Checker<'_, '_> {
    /// All layers in order of declaration, parts after the layers that they belong to.
    pub(in super::super) fn layer_outputs(&self) -> Vec<LayerOutput> {
        let mut calls: Vec<_> = self.instances.iter().collect();
        calls.sort_by_key(|(_, (instance, _))| instance.0);
        let mut layers: Vec<(&Model, LayerOutput)> = Vec::new();
        for (place, model) in self.models.all.iter().enumerate() {
            if !matches!(model.form, Form::Instance(_)) {
                continue;
            }
            let called = calls.iter().filter(|((closure, _), _)| {
                matches!(&self.program.closures[closure.0 as usize], Closure::Model(id) if id.0 as usize == place)
            });
            let mut outputs = Vec::new();
            for ty in called.map(|(_, (_, result))| result.settled()).filter(|ty| !ty.is_error()) {
                if !outputs.contains(&ty) {
                    outputs.push(ty);
                }
            }
            layers.push((model, LayerOutput { path: model.path.clone(), outputs }));
        }
        layers.sort_by(|(a, _), (b, _)| a.order.cmp(&b.order));
        layers.into_iter().map(|(_, layer)| layer).collect()
    }
}
