//! The printed form of a checked program, for `--emit program`.

use super::program::{Action, Claim, Kind, Program, Typed};
use super::repeat::Steps;
use std::fmt::Write;

/// One line per definition and action, with types; function bodies as trees.
pub fn print(program: &Program) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "precision {}", program.real().name());
    for param in &program.params {
        let frozen = if param.frozen { "frozen " } else { "" };
        let _ = writeln!(out, "{frozen}param {}: {}", param.name, param.shape);
    }
    for set in &program.data {
        let columns: Vec<String> = set.columns.iter().map(|column| format!("{}: {}", column.name, column.ty)).collect();
        let _ = writeln!(out, "data {} ({} rows) {{ {} }}", set.name, set.rows, columns.join(", "));
    }
    for (index, instance) in program.instances.iter().enumerate() {
        let _ = writeln!(out, "instance {index} {} -> {}", instance.name, instance.body.ty);
        tree(&instance.body, 1, &mut out);
    }
    for action in &program.actions {
        self::action(action, &mut out);
    }
    for test in &program.tests {
        let _ = writeln!(out, "test \"{}\" ({} actions)", test.name, test.program.actions.len());
    }
    out
}

fn action(action: &Action, out: &mut String) {
    match action {
        Action::Let { value, .. } => {
            let _ = writeln!(out, "let: {}", value.ty);
            tree(value, 1, out);
        }
        Action::Print(values) => {
            for (text, value) in values {
                let _ = writeln!(out, "print {text}: {}", value.ty);
                tree(value, 1, out);
            }
        }
        Action::Assert(assert) => match &assert.claim {
            Claim::Condition(condition) => {
                let _ = writeln!(out, "assert");
                tree(condition, 1, out);
            }
            Claim::Equal(left, right, tolerance) => {
                let _ = writeln!(out, "assert equal within {tolerance:?}");
                tree(left, 1, out);
                tree(right, 1, out);
            }
            Claim::Fails { expected, found, .. } => {
                let _ = writeln!(out, "assert fails {expected}, found {}", found.join(" "));
            }
        },
        Action::Train(train) => {
            let _ = writeln!(out, "train {} parameters, batch {:?}", train.params.len(), train.batch);
            tree(&train.loss, 1, out);
            if let Some(prediction) = train.prediction.as_ref().filter(|prediction| prediction.stated) {
                let _ = writeln!(out, "predict");
                tree(&prediction.value, 1, out);
            }
        }
        Action::Save(save) => {
            let _ = writeln!(
                out,
                "save {}",
                save.values.as_ref().map_or("all".to_string(), |values| values.len().to_string())
            );
        }
        Action::Load(load) => {
            let _ = writeln!(
                out,
                "load {}",
                load.params.as_ref().map_or("all".to_string(), |params| params.len().to_string())
            );
        }
    }
}

/// An expression and its parts, one a line, parts indented.
fn tree(typed: &Typed, depth: usize, out: &mut String) {
    let _ = writeln!(out, "{:indent$}{} : {}", "", label(&typed.kind), typed.ty, indent = depth * 2);
    typed.kind.for_each_part(&mut |part| tree(part, depth + 1, out));
}

fn label(kind: &Kind) -> String {
    match kind {
        Kind::Number(value) => format!("{value:?}"),
        Kind::Integer(value) => value.to_string(),
        Kind::Bool(value) => value.to_string(),
        Kind::Text(text) => format!("{text:?}"),
        Kind::Range(start) => format!("range from {start}"),
        Kind::Size(size) => format!("size {size}"),
        Kind::Local(id) => format!("local {}", id.0),
        Kind::Param(id) => format!("param {}", id.0),
        Kind::Global(id) => format!("global {}", id.0),
        Kind::Column(data, index) => format!("column {} {index}", data.0),
        Kind::Example(index) => format!("example {index}"),
        Kind::Progress(progress) => format!("{progress:?}").to_lowercase(),
        Kind::Pointwise(definition, _) => definition.name.to_string(),
        Kind::Power(_, exponent) => format!("power {exponent}"),
        Kind::Reduce(reduction, _) => format!("reduce {reduction:?}").to_lowercase(),
        Kind::ArgReduce(extreme, _) => format!("arg{extreme:?}").to_lowercase(),
        Kind::Part(_, index) => format!("part {index}"),
        Kind::Captured(_, index) => format!("captured {index}"),
        Kind::Call { instance, .. } => format!("call instance {}", instance.0),
        Kind::Derivative(call) => format!("{} of instance {}", call.form.name(), call.instance.0),
        Kind::Root { .. } => "root".to_string(),
        Kind::Pullback { .. } => "pullback".to_string(),
        Kind::CapturedReals(_) => "captured reals".to_string(),
        Kind::Flatten(_) => "flatten".to_string(),
        Kind::Unflatten(_) => "unflatten".to_string(),
        Kind::Let(bindings, _) => format!("let {} values", bindings.len()),
        Kind::BatchReduce(reduction, _) => format!("batch {reduction:?}").to_lowercase(),
        Kind::Running { state, .. } => format!("running {}", state.0),
        Kind::Training => "training".to_string(),
        Kind::Error => "error".to_string(),
        Kind::Convert(_) => "convert".to_string(),
        Kind::Splat(_) => "splat".to_string(),
        Kind::Mean(_) => "mean".to_string(),
        Kind::MatrixProduct(..) => "matrix product".to_string(),
        Kind::Transpose(_) => "transpose".to_string(),
        Kind::Matrix(function, _) => format!("{function:?}"),
        Kind::Stack(_) => "stack".to_string(),
        Kind::Index(..) => "index".to_string(),
        Kind::Draw(distribution, _) => format!("draw {distribution:?}").to_lowercase(),
        Kind::Key(_) => "key".to_string(),
        Kind::MixedKey(..) => "mixed key".to_string(),
        Kind::Replace(..) => "replace".to_string(),
        Kind::IndexOr(..) => "index or else".to_string(),
        Kind::Comprehension(_) => "comprehension".to_string(),
        Kind::IndexedReduction(reduction) => format!("{:?} by indices", reduction.reducer).to_lowercase(),
        Kind::OneHot(_) => "one hot".to_string(),
        Kind::Standardized(number, _) => format!("standardized {number}"),
        Kind::Repeat(run) if matches!(run.steps, Steps::While { .. }) => "while".to_string(),
        Kind::Repeat(_) => "fold".to_string(),
        Kind::If(..) => "if".to_string(),
        Kind::Tuple(_) => "tuple".to_string(),
        Kind::Closure(_) => "function value".to_string(),
    }
}
