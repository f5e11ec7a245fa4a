//! What was decided, for those who ask: `--fast-math` is never silent.

use crate::ir::{Graph, Remark};
use std::collections::BTreeMap;

/// Decisions by place, with how often each was made there.
#[derive(Default)]
pub(super) struct Report {
    decisions: BTreeMap<Remark, usize>,
}

impl Report {
    /// Notes a decision about the place at hand in a graph.
    pub(super) fn add(&mut self, graph: &Graph, text: String) {
        *self.decisions.entry(Remark { span: graph.current_span, text }).or_default() += 1;
    }

    /// Gives the graph a remark for each decision, in the order of their places.
    pub(super) fn hand_over(self, graph: &mut Graph) {
        let text = |text, count| if count == 1 { text } else { format!("{text}; {count} times") };
        let remarks = self.decisions.into_iter();
        graph.add_remarks(remarks.map(|(Remark { span, text: what }, count)| Remark { span, text: text(what, count) }));
    }
}
