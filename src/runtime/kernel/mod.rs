//! Interface placeholder until the kernels branch lands.
#![allow(missing_docs)]
use std::marker::PhantomData;
pub trait Unary {
    fn f64(x: f64) -> f64;
    fn f32(x: f32) -> f32;
}
pub trait Binary {
    fn f64(a: f64, b: f64) -> f64;
    fn f32(a: f32, b: f32) -> f32;
}
pub trait Comparison {
    fn f64(a: f64, b: f64) -> bool;
    fn f32(a: f32, b: f32) -> bool;
    fn i64(a: i64, b: i64) -> bool;
}
pub struct UnaryKernel(PhantomData<()>);
impl UnaryKernel {
    pub const fn of<O: Unary>() -> Self {
        UnaryKernel(PhantomData)
    }
}
pub struct BinaryKernel(PhantomData<()>);
impl BinaryKernel {
    pub const fn of<O: Binary>() -> Self {
        BinaryKernel(PhantomData)
    }
}
pub struct ComparisonKernel(PhantomData<()>);
impl ComparisonKernel {
    pub const fn of<O: Comparison>() -> Self {
        ComparisonKernel(PhantomData)
    }
}
