//! The form of a rule, and the tables of all rules.

use super::{
    Stage, algebra, borders, chosen, contraction, factors, fast, fast_functions, fold, narrow, parts, rows, shapes,
    turns,
};
use crate::ir::{Graph, NodeId};

/// How the value that a rule makes agrees with the one that it replaces. NaN stays NaN throughout; its sign is not told
/// apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exactness {
    /// Equal bits, wherever there is no infinity or NaN and where there is.
    Exact,
    /// Equal numbers; a zero may have the other sign.
    UpToSignOfZero,
    /// Another order of additions, or a rounding more or less. Applied always. Of sums and chains of products with infinite
    /// elements, a NaN that infinity times 0 makes as written may be an infinity.
    Rounding,
    /// Another rounding, or equal only where everything is finite. Applied under `--fast-math` only.
    Fast,
}

/// A way to write a node differently.
pub struct Rule {
    /// What it does, as an equation.
    pub equation: &'static str,
    /// How both sides agree.
    pub exactness: Exactness,
    /// How it is applied.
    pub apply: Apply,
}

/// Finds the simpler node, if a rule fits.
#[derive(Clone, Copy)]
pub enum Apply {
    /// It pays whatever else needs the parts.
    Always(fn(&mut Graph, NodeId) -> Option<NodeId>),
    /// It pays only where nothing else needs some of the parts.
    WithUses(fn(&mut Graph, NodeId, &Uses) -> Option<NodeId>),
}

impl Rule {
    const fn new(equation: &'static str, exactness: Exactness, apply: Apply) -> Self {
        Rule { equation, exactness, apply }
    }

    /// A rule whose sides have equal bits.
    pub(super) const fn exact(equation: &'static str, apply: fn(&mut Graph, NodeId) -> Option<NodeId>) -> Self {
        Rule::new(equation, Exactness::Exact, Apply::Always(apply))
    }

    /// An exact rule that looks at uses.
    pub(super) const fn exact_with_uses(
        equation: &'static str,
        apply: fn(&mut Graph, NodeId, &Uses) -> Option<NodeId>,
    ) -> Self {
        Rule::new(equation, Exactness::Exact, Apply::WithUses(apply))
    }

    /// A rule whose sides may differ in the sign of a zero.
    pub(super) const fn up_to_sign(equation: &'static str, apply: fn(&mut Graph, NodeId) -> Option<NodeId>) -> Self {
        Rule::new(equation, Exactness::UpToSignOfZero, Apply::Always(apply))
    }

    /// A rule whose sides round differently.
    pub(super) const fn rounding(equation: &'static str, apply: fn(&mut Graph, NodeId) -> Option<NodeId>) -> Self {
        Rule::new(equation, Exactness::Rounding, Apply::Always(apply))
    }

    /// A rule for `--fast-math` only.
    pub(super) const fn fast(equation: &'static str, apply: fn(&mut Graph, NodeId) -> Option<NodeId>) -> Self {
        Rule::new(equation, Exactness::Fast, Apply::Always(apply))
    }

    /// A rule for `--fast-math` only that looks at uses.
    pub(super) const fn fast_with_uses(
        equation: &'static str,
        apply: fn(&mut Graph, NodeId, &Uses) -> Option<NodeId>,
    ) -> Self {
        Rule::new(equation, Exactness::Fast, Apply::WithUses(apply))
    }

    /// The simpler node, if the rule fits.
    pub fn simpler(&self, graph: &mut Graph, id: NodeId, uses: &Uses) -> Option<NodeId> {
        let found = match self.apply {
            Apply::Always(apply) => apply(graph, id),
            Apply::WithUses(apply) => apply(graph, id, uses),
        };
        found.filter(|simpler| *simpler != id)
    }
}

/// How many arguments and roots each node of a graph is, as the graph was when they were counted.
pub struct Uses(Vec<u32>);

impl Uses {
    /// Counts the uses of what the roots need.
    pub fn of(graph: &Graph, roots: &[NodeId]) -> Self {
        Uses::among(graph, &graph.reachable_from(roots.iter().copied()), roots)
    }

    /// Counts the uses among the nodes that the roots need.
    pub(super) fn among(graph: &Graph, needed: &[bool], roots: &[NodeId]) -> Self {
        let mut counts = vec![0; graph.len()];
        let users = graph.ids().filter(|id| needed[id.index()]).flat_map(|id| &graph.node(id).arguments);
        for used in users.chain(roots) {
            counts[used.index()] += 1;
        }
        Uses(counts)
    }

    /// Whether exactly one node needs it. Of nodes that are newer than the count nothing is known.
    pub fn is_one(&self, id: NodeId) -> bool {
        self.0.get(id.index()) == Some(&1)
    }
}

/// A table of rules with what it is about, and whether it is for graphs that will not be differentiated again only.
pub struct Table {
    /// What its rules are about.
    pub title: &'static str,
    /// The rules, in the order they are tried.
    pub rules: &'static [Rule],
    /// Whether they need a finished graph.
    pub last: bool,
}

/// All tables, in the order they are tried.
pub const TABLES: &[Table] = &[
    Table { title: "What only derivatives need", rules: algebra::FINAL, last: true },
    Table { title: "Factors of matrices", rules: factors::FINAL, last: true },
    Table { title: "Sums, products and quotients under `--fast-math`", rules: fast::FINAL, last: true },
    Table { title: "Elementary functions under `--fast-math`", rules: fast_functions::FINAL, last: true },
    Table { title: "Parts of tensors", rules: narrow::FINAL, last: true },
    Table { title: "Transposes", rules: turns::FINAL, last: true },
    Table { title: "Constants", rules: fold::RULES, last: false },
    Table { title: "Arithmetic and choices", rules: algebra::RULES, last: false },
    Table { title: "Shapes, placement and reductions", rules: shapes::RULES, last: false },
    Table { title: "Sums of parts", rules: parts::RULES, last: false },
    Table { title: "Borders", rules: borders::RULES, last: false },
    Table { title: "Rows and windows", rules: rows::RULES, last: false },
    Table { title: "Rows that are chosen", rules: chosen::RULES, last: false },
    Table { title: "Contractions", rules: contraction::RULES, last: false },
];

/// The rules of a stage, in the order they are tried.
pub fn rules(stage: Stage, fast_math: bool) -> impl Iterator<Item = &'static Rule> {
    let of_stage = move |table: &&Table| stage == Stage::Final || !table.last;
    let allowed = move |rule: &&Rule| fast_math || rule.exactness != Exactness::Fast;
    TABLES.iter().filter(of_stage).flat_map(|table| table.rules).filter(allowed)
}
