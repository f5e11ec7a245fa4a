//! Optimisation (provisional: dead code only).
pub fn optimize(graph: &crate::ir::Graph) -> crate::ir::Graph { crate::ir::rewrite::without_dead_code(graph) }
