//! Bundle adjustment: one camera, one point and one observation, repeated; the Jacobian as compressed sparse rows.

use super::arrays::Array;
use super::call::{Call, Outcome, Output, Question};
use ndc::Output as Place;

/// Numbers that describe a camera, and those that describe a point.
const CAMERA: usize = 11;
const POINT: usize = 3;
/// The derivatives of each of the two reprojection errors of an observation: by camera, point and weight.
const WIDTH: usize = CAMERA + POINT + 1;

/// The numbers of cameras, points and observations.
struct Sizes {
    cameras: usize,
    points: usize,
    observations: usize,
}

impl Sizes {
    fn of(call: &Call) -> Result<Self, String> {
        let sizes = Sizes { cameras: call.size("n")?, points: call.size("m")?, observations: call.size("p")? };
        match sizes {
            Sizes { cameras: 0, .. } | Sizes { points: 0, .. } | Sizes { observations: 0, .. } => {
                Err("there must be a camera, a point and an observation".to_string())
            }
            sizes => Ok(sizes),
        }
    }
}

/// A function on all observations.
fn ask<'a>(call: &Call<'a>, function: &str, sizes: &Sizes) -> Result<Question<'a>, String> {
    let count = sizes.observations;
    let cycle = |size: usize| Array::list((0..count).map(|each| (each % size) as f64).collect());
    let row = |name: &str| call.array(name).map(|array| array.elements);
    let question = call
        .ask(function)
        .argument("cameras", Array::repeated(&row("cam")?, sizes.cameras))
        .argument("points", Array::repeated(&row("x")?, sizes.points))
        .argument("weights", Array::list(vec![*row("w")?.first().ok_or("`w` is empty")?; count]))
        .argument("of_camera", cycle(sizes.cameras))
        .argument("of_point", cycle(sizes.points))
        .argument("found", Array::repeated(&row("feat")?, count));
    Ok(question)
}

/// The errors, of which the first of each kind is shown.
pub fn objective(call: &Call) -> Result<Outcome, String> {
    let sizes = Sizes::of(call)?;
    let (outputs, nanoseconds) = ask(call, "errors", &sizes)?.run()?;
    let [Output::Reals { elements: of_points, .. }, Output::Reals { elements: of_weights, .. }] = &outputs[..] else {
        return Err("the program has other results".to_string());
    };
    let reals =
        |shape: &[usize], elements: &[f64]| Output::Reals { shape: shape.to_vec(), elements: elements.to_vec() };
    let repeated = || ("repeated", Output::Integer(sizes.observations as i64));
    let output = Output::Fields(vec![
        ("reproj_error", Output::Fields(vec![("elements", reals(&[2], &of_points[..2])), repeated()])),
        ("w_err", Output::Fields(vec![("element", reals(&[], &of_weights[..1])), repeated()])),
    ]);
    Ok(Outcome { output, nanoseconds })
}

/// The Jacobian, of which the first 30 entries and the last are shown. Columns and starts of rows are made in each run.
pub fn jacobian(call: &Call) -> Result<Outcome, String> {
    let sizes = Sizes::of(call)?;
    let ready = ask(call, "derivatives", &sizes)?.compile()?;
    let mut matrix = Matrix::new(&sizes);
    let nanoseconds = ready.time(|function, workspace, inputs| {
        let (mut blocks, mut weights) = matrix.values.split_at_mut(2 * WIDTH * sizes.observations);
        function.call_into(workspace, inputs, &mut [&mut blocks as &mut dyn Place, &mut weights])?;
        matrix.place(&sizes);
        Ok(())
    })?;
    let values = shown(&matrix.values);
    let output = Output::Fields(vec![
        ("rows", Output::Integers(shown(&matrix.rows).into_iter().map(i64::from).collect())),
        ("cols", Output::Integers(shown(&matrix.columns).into_iter().map(i64::from).collect())),
        ("vals", Output::Reals { shape: vec![values.len()], elements: values }),
    ]);
    Ok(Outcome { output, nanoseconds })
}

/// A matrix in compressed sparse rows: two rows for each observation, then one for each weight.
struct Matrix {
    /// Where each row begins, and where the last ends.
    rows: Vec<i32>,
    columns: Vec<i32>,
    values: Vec<f64>,
}

impl Matrix {
    fn new(sizes: &Sizes) -> Self {
        let entries = (2 * WIDTH + 1) * sizes.observations;
        Matrix { rows: vec![0; 3 * sizes.observations + 1], columns: vec![0; entries], values: vec![0.0; entries] }
    }

    /// Writes where the entries are. The two rows of an observation have the same columns.
    fn place(&mut self, sizes: &Sizes) {
        let count = sizes.observations;
        let points = CAMERA * sizes.cameras;
        let weights = points + POINT * sizes.points;
        let (mut camera, mut point) = (0, 0);
        for (observation, rows) in self.columns[..2 * WIDTH * count].chunks_exact_mut(2 * WIDTH).enumerate() {
            let (first, second) = rows.split_at_mut(WIDTH);
            follow(&mut first[..CAMERA], CAMERA * camera);
            follow(&mut first[CAMERA..WIDTH - 1], points + POINT * point);
            first[WIDTH - 1] = (weights + observation) as i32;
            second.copy_from_slice(first);
            camera = if camera + 1 == sizes.cameras { 0 } else { camera + 1 };
            point = if point + 1 == sizes.points { 0 } else { point + 1 };
        }
        follow(&mut self.columns[2 * WIDTH * count..], weights);
        let (errors, rest) = self.rows.split_at_mut(2 * count);
        errors.iter_mut().enumerate().for_each(|(row, start)| *start = (row * WIDTH) as i32);
        follow(rest, 2 * count * WIDTH);
    }
}

/// Neighbouring columns from a first one on.
fn follow(columns: &mut [i32], first: usize) {
    for (column, number) in columns.iter_mut().zip(first as i32..) {
        *column = number;
    }
}

/// The first 30 entries and the last.
fn shown<T: Copy>(all: &[T]) -> Vec<T> {
    all.iter().take(2 * WIDTH).chain(all.last()).copied().collect()
}
