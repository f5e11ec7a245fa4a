//! Arrays of the crates `ndarray` and `faer` as arguments and results.

use faer::{Col, Mat};
use ndarray::{Array1, Array2, ArrayD, arr1, arr2, s};
use ndc::{Program, Tensor};

fn product() -> ndc::Function {
    let program = Program::from_text("product.nd", "fn product(m: [2, 3], v: [3]) = m @ v").unwrap();
    program.function("product").compile().unwrap()
}

#[test]
fn arrays_of_ndarray_are_used_where_they_lie() {
    let product = product();
    let (m, v) = (arr2(&[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), arr1(&[1.0, 0.0, -1.0]));
    let mut result = Array1::<f64>::zeros(2);
    product.call_into(&mut product.workspace(), &[&m, &v], &mut [&mut result]).unwrap();
    assert_eq!(result, arr1(&[-2.0, -2.0]));
    // Views too, where their rows lie one after another.
    let many: Array2<f64> = Array2::from_shape_fn((4, 3), |(row, column)| (3 * row + column) as f64);
    product
        .call_into(&mut product.workspace(), &[&many.slice(s![1..3, ..]), &v], &mut [&mut result.view_mut()])
        .unwrap();
    assert_eq!(result, arr1(&[-2.0, -2.0]));
    let turned = arr2(&[[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]);
    let refused = product.call(&[&turned.t(), &v]).unwrap_err();
    assert!(refused.to_string().contains("do not lie row by row"), "{refused}");
    let refused = product.call(&[&turned, &v]).unwrap_err();
    assert!(refused.to_string().contains("f64[3, 2] was given"), "{refused}");
}

#[test]
fn arrays_of_ndarray_become_tensors_and_come_back() {
    let turned = arr2(&[[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]);
    let tensor = Tensor::from(&turned.t());
    assert_eq!((tensor.shape(), tensor.to_f64()), (&[2, 3][..], vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]));
    let back: ArrayD<f64> = tensor.to_array().unwrap();
    assert_eq!(back, turned.t().into_dyn());
    assert!(tensor.to_array::<f32>().is_none());
}

#[test]
fn columns_and_matrices_of_faer() {
    let product = product();
    let m = Mat::from_fn(2, 3, |row, column| (3 * row + column) as f64);
    let tensor = Tensor::from(&m);
    assert_eq!((tensor.shape(), tensor.to_f64()), (&[2, 3][..], vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]));
    assert_eq!(tensor.to_mat::<f64>().unwrap(), m);
    let v = Col::from_fn(3, |place| place as f64);
    let mut result = Col::<f64>::zeros(2);
    product.call_into(&mut product.workspace(), &[&tensor, &v], &mut [&mut result]).unwrap();
    assert_eq!(result, &m * &v);
    assert!(Tensor::from(vec![1.0]).to_mat::<f64>().is_none());
}
