//! Hand tracking, in its two kinds: measured points on vertices, or on triangles at places `us` that are found as well.

use super::arrays::Array;
use super::call::{Call, Outcome, Output, Question};

/// The distances, as one list.
pub fn objective(call: &Call) -> Result<Outcome, String> {
    let mut outcome = ask(call, "distances", "distances_on_triangles")?.outcome()?;
    if let Output::Reals { shape, elements } = &mut outcome.output {
        *shape = vec![elements.len()];
    }
    Ok(outcome)
}

/// The Jacobian: a row for each distance; by the two numbers of its own place, if there are any, then by the pose.
pub fn jacobian(call: &Call) -> Result<Outcome, String> {
    let mut outcome = ask(call, "by_pose", "by_place_and_pose")?.outcome()?;
    if let Output::Reals { shape, .. } = &mut outcome.output {
        // Points and axes are one.
        *shape = vec![shape[0] * shape[1], shape[2]];
    }
    Ok(outcome)
}

/// One of two functions, by the kind of the problem.
fn ask<'a>(call: &Call<'a>, on_vertices: &str, on_triangles: &str) -> Result<Question<'a>, String> {
    let data = call.inner("data")?;
    let model = data.inner("model")?;
    let places = call.array("us")?;
    let parents = model.array("parents")?;
    let base = mirrored(model.array("base_relatives")?, &parents, model.holds("is_mirrored"));
    let is_bare = places.elements.is_empty();
    let question = call
        .ask(if is_bare { on_vertices } else { on_triangles })
        .argument("theta", call.array("theta")?)
        .argument("parents", parents)
        .argument("base", base)
        .argument("inverse_base", model.array("inverse_base_absolutes")?)
        .argument("rest", model.array("base_positions")?)
        .argument("weights", model.array("weights")?)
        .argument("correspondences", data.array("correspondences")?)
        .argument("points", data.array("points")?);
    Ok(match is_bare {
        true => question,
        false => question.argument("u", places).argument("triangles", model.array("triangles")?),
    })
}

/// The bones of a mirrored hand: the first coordinate of those that hang on none, and so of all, changes its sign.
fn mirrored(mut base: Array, parents: &Array, is_mirrored: bool) -> Array {
    if is_mirrored {
        for (bone, _) in parents.elements.iter().enumerate().filter(|(_, parent)| **parent < 0.0) {
            base.elements.iter_mut().skip(16 * bone).take(4).for_each(|entry| *entry = -*entry);
        }
    }
    base
}
