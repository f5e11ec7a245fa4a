//! All that can be asked for of a function at once agrees with differences of its values and gradients.

use super::program;
use ndc::Kernel;

/// The numbers that go into each function, and those that come out of the maps.
const N: usize = 4;

const NUMBERS: &[&str] = &[
    "sum(x^3) * x[1] - exp(x[0] * x[3])",
    "fold(x, 0..5, |s, k| sin(s) + x * s[0] / real(k + 1))[2]",
    "sum(scan(0.5, x, |s, each| (tanh(s + each), s * each)).1) + x[2]^2",
    "logsumexp(2 * x) + sum(x[[3, 0, 3][i]] * x[i] for i in 0..3)",
    "if x[0] * x[1] > 0 { sum(x^2) / x[3] } else { log(2 + x[2]) }",
    "dot(solve([[2 + x[0]^2, x[1]], [x[2], 3 + x[3]^2]], [x[1], 1]), [x[3], x[0]])",
    "sum(if x[i] > 0.4 { x[i]^3 } else { sqrt(1 - x[i]) } for i)",
    "norm(x @ [[x[0], 1, 0, 2], [0, x[1], 1, x[2]], [1, 0, 2, 0], [x[3], 1, 1, 1]])",
    "jvp(|y: [4]| sum(y^3 * x))(x, [1, 0, x[0], 2])",
    "grad(|y: [4]| sum(sin(y * x)) * y[0])(2 * x)[1]",
    "normcdf(x[0]) * lgamma(2 + x[1]) + atan2(x[2], x[3])",
];

const MAPS: &[&str] = &[
    "[x[1] * x[2], sum(x^2), exp(x[0] - x[3])]",
    "fold(x, 0..3, |s, k| s * x + cos(s))",
    "(first = x * x[0], second = prod(x))",
    "softmax(x @ [[1, 2], [0, 1], [x[1], 1], [3, x[0]]])",
    "scan(0.0, x, |s, each| (s + each, (s + each)^2)).1",
];

const POINT: [f64; N] = [0.7, 0.3, 0.55, 0.9];
const ALONG: [f64; N] = [0.25, -1.0, 0.5, 2.0];

fn evaluated(kernel: &Kernel, inputs: &[&[f64]]) -> (f64, Vec<f64>) {
    let mut results = vec![0.0; kernel.outputs()];
    let value = kernel.evaluate_parts(inputs, &mut results).unwrap();
    (value, results)
}

/// The rows of the derivatives of `f`, by central differences of the fourth order: one for each result.
fn differences(f: impl Fn(&[f64]) -> Vec<f64>) -> Vec<Vec<f64>> {
    const STEP: f64 = 1e-3;
    let columns = (0..N).map(|place| {
        let at = |by: f64| {
            let mut point = POINT;
            point[place] += by * STEP;
            f(&point)
        };
        let all = [at(-2.0), at(-1.0), at(1.0), at(2.0)];
        let slope = |row: usize| (all[0][row] - 8.0 * all[1][row] + 8.0 * all[2][row] - all[3][row]) / (12.0 * STEP);
        (0..all[0].len()).map(slope).collect::<Vec<f64>>()
    });
    let columns: Vec<Vec<f64>> = columns.collect();
    (0..columns[0].len()).map(|row| columns.iter().map(|column| column[row]).collect()).collect()
}

fn product(rows: &[Vec<f64>], along: &[f64]) -> Vec<f64> {
    rows.iter().map(|row| row.iter().zip(along).map(|(a, b)| a * b).sum()).collect()
}

fn assert_near(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        let scale = expected.abs().max(1.0);
        assert!((found - expected).abs() <= 1e-8 * scale, "{what}, {place}: {found}, not {expected}");
    }
}

#[test]
fn numbers_have_all_derivatives_at_once() {
    for body in NUMBERS {
        let program = program(&format!("fn f(x: [4]) = {body}"));
        let gradient = program.function("f").value_and_gradient().compile().unwrap().kernel().unwrap();
        let all = program.function("f").value().gradient().jvp().vjp().jacobian().hessian().hessian_product();
        let all = all.compile().unwrap().kernel().unwrap();
        let (value, found) = evaluated(&all, &[&POINT, &ALONG, &[3.0]]);
        let (alone, slope) = evaluated(&gradient, &[&POINT]);
        assert_eq!(value, alone, "{body}");
        let expected = &differences(|x| vec![evaluated(&gradient, &[x]).0])[0];
        assert_near(&slope, expected, body);
        let second = differences(|x| evaluated(&gradient, &[x]).1);
        let parts: [(&str, Vec<f64>); 6] = [
            ("gradient", expected.clone()),
            ("jvp", product(std::slice::from_ref(expected), &ALONG)),
            ("vjp", expected.iter().map(|slope| 3.0 * slope).collect()),
            ("jacobian", expected.clone()),
            ("hessian", second.concat()),
            ("hessian_product", product(&second, &ALONG)),
        ];
        let mut rest = &found[..];
        for (name, expected) in parts {
            let (part, others) = rest.split_at(expected.len());
            assert_near(part, &expected, &format!("{name} of {body}"));
            rest = others;
        }
        assert!(rest.is_empty(), "{body}");
    }
}

#[test]
fn maps_have_products_from_both_sides() {
    for body in MAPS {
        let program = program(&format!("fn f(x: [4]) = {body}"));
        let value = program.function("f").compile().unwrap().kernel().unwrap();
        let rows = differences(|x| evaluated(&value, &[x]).1);
        let weights: Vec<f64> = (0..rows.len()).map(|row| 1.5 - row as f64).collect();
        let all = program.function("f").jvp().vjp().jacobian().compile().unwrap().kernel().unwrap();
        let (_, found) = evaluated(&all, &[&POINT, &ALONG, &weights]);
        let (along, rest) = found.split_at(rows.len());
        let (against, jacobian) = rest.split_at(N);
        assert_near(along, &product(&rows, &ALONG), body);
        let columns: Vec<Vec<f64>> = (0..N).map(|place| rows.iter().map(|row| row[place]).collect()).collect();
        assert_near(against, &product(&columns, &weights), body);
        assert_near(jacobian, &rows.concat(), body);
    }
}
