//! Settings that see what training is at: `stop`.

use crate::check::Checker;
use crate::check::program::{Progress, Typed};
use crate::check::scope::{Bound, Frame};
use crate::check::types::Type;
use crate::diagnostics::catalog::{shapes, training};
use crate::syntax::ast::Setting;

impl<'a> Checker<'a, '_> {
    pub(super) fn stop_setting(&mut self, setting: &'a Setting, validates: bool) -> Option<Typed> {
        let mut frame = Frame::default();
        for (name, progress) in [
            ("step", Progress::Step),
            ("epoch", Progress::Epoch),
            ("loss", Progress::Loss),
            ("validation_loss", Progress::ValidationLoss),
            ("step_norm", Progress::StepNorm),
            ("grad_norm", Progress::GradNorm),
        ] {
            frame.bind(name, Bound::Progress(progress));
        }
        let outer = std::mem::replace(&mut self.frame, frame);
        let typed = self.value(&setting.value, None);
        self.frame = outer;
        if !validates && self.sees_validation(&typed) {
            self.report(training::no_validation(typed.span));
            return None;
        }
        match &typed.ty {
            Type::Error => None,
            ty if *ty == Type::bool() => Some(typed),
            other => {
                let help = "compare what training is at: `stop = step_norm < 5e-5`, `stop = loss < 0.01`";
                self.report(shapes::condition_not_bool(&other.to_string(), typed.span, help));
                None
            }
        }
    }
}
