//! What a trained model says of one example: the setting `predict`, or the model that the loss calls.

use crate::check::Checker;
use crate::check::program::{Closure, DataId, Kind, Train, Typed};
use crate::check::scope::Frame;
use crate::check::types::Type;
use crate::diagnostics::catalog::actions;
use crate::syntax::ast::Setting;

/// What a trained model says of one example: a number or a tensor.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// The value; `training` is false in it.
    pub value: Typed,
    /// `Kind::Example(i)` of the value is column `columns[i]` of the data.
    pub columns: Vec<u32>,
    /// Whether the block states it.
    pub stated: bool,
}

impl Prediction {
    /// The columns of the data that the value depends on, in order of their first mention.
    pub fn inputs(&self) -> Vec<u32> {
        let mut inputs = Vec::new();
        self.value.visit(&mut |typed| {
            if let Kind::Example(place) = &*typed.kind
                && !inputs.contains(&self.columns[*place as usize])
            {
                inputs.push(self.columns[*place as usize]);
            }
        });
        inputs
    }
}

impl Train {
    /// The columns of the data that anything in the block reads: what it trains on, then those of its prediction.
    pub fn columns_read(&self) -> Vec<u32> {
        let mut columns = self.columns.clone();
        let predicted = self.prediction.iter().flat_map(Prediction::inputs);
        columns.extend(predicted.filter(|index| !self.columns.contains(index)));
        columns
    }
}

impl<'a> Checker<'a, '_> {
    /// `predict = e`: a number or a tensor for each example of the data.
    pub(super) fn predict_setting(&mut self, setting: &'a Setting, data: Option<DataId>) -> Option<Prediction> {
        let Some(data) = data else {
            let help = "add `data = …`, or `print` the value";
            self.report(actions::bad_setting("predict", "needs examples", setting.name.span, help));
            return None;
        };
        let scope = self.columns_in_scope(data);
        let outer = std::mem::replace(&mut self.frame, scope);
        let value = self.value(&setting.value, None);
        let value = self.settle(value);
        let frame = std::mem::replace(&mut self.frame, outer);
        match &value.ty {
            Type::Error => None,
            Type::Tensor(..) => Some(Prediction { value, columns: columns_read(frame), stated: true }),
            other => {
                let problem = format!("is a number or a tensor, but this is {other}");
                self.report(actions::bad_setting("predict", &problem, value.span, "predict one part of it: `.0`"));
                None
            }
        }
    }

    /// Without the setting: the call of a model in the loss, if there is exactly one on the columns of the data.
    pub(super) fn model_of_loss(&self, loss: &Typed, columns: &[u32]) -> Option<Prediction> {
        let mut calls: Vec<&Typed> = Vec::new();
        self.model_calls(loss, &mut calls);
        let (call, others) = calls.split_first()?;
        let text = self.text(call.span);
        let is_clear = others.iter().all(|other| self.text(other.span) == text)
            && matches!(call.ty, Type::Tensor(..))
            && reads(call, &|kind| matches!(kind, Kind::Example(_)))
            && !reads(call, &|kind| matches!(kind, Kind::Local(_)));
        is_clear.then(|| Prediction { value: (*call).clone(), columns: columns.to_vec(), stated: false })
    }

    /// The calls of models in an expression, those inside others left out.
    fn model_calls<'t>(&self, typed: &'t Typed, calls: &mut Vec<&'t Typed>) {
        if let Kind::Call { callee, .. } = &*typed.kind
            && self.calls_model(&callee.ty)
        {
            calls.push(typed);
            return;
        }
        typed.kind.for_each_part(&mut |part| self.model_calls(part, calls));
    }

    fn calls_model(&self, ty: &Type) -> bool {
        match ty {
            Type::Function(id) => matches!(self.program.closures[id.0 as usize], Closure::Model(_)),
            _ => false,
        }
    }
}

/// The columns that an expression read while it was checked.
fn columns_read(frame: Frame) -> Vec<u32> {
    frame.data.map(|data| data.used).unwrap_or_default()
}

/// Whether anything in an expression is of a kind.
fn reads(typed: &Typed, wanted: &dyn Fn(&Kind) -> bool) -> bool {
    let mut found = false;
    typed.visit(&mut |part| found |= wanted(&part.kind));
    found
}
