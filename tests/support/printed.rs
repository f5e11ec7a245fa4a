//! What a program prints, as a graph.

use ndc::check::Options;
use ndc::check::program::Action;
use ndc::data::FileLoader;
use ndc::driver::{check_text, on_large_stack};
use ndc::ir::Graph;
use ndc::lower::value::lower_values;

/// The graph of all that a program prints, as it is lowered; its parameters are inputs.
pub fn graph(program: &str) -> Graph {
    let checked = check_text("case.nd", None, program.to_string(), &mut FileLoader::new(), Options::default());
    assert!(!checked.has_errors(), "{program}\n{:#?}", checked.diagnostics);
    let printed = checked.program.actions.iter().filter_map(|action| match action {
        Action::Print(values) => Some(values),
        _ => None,
    });
    let values: Vec<_> = printed.flatten().map(|(_, value)| value).collect();
    on_large_stack(|| lower_values(&checked.program, &values).graph)
}
