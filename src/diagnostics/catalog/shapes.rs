//! E02xx: types and shapes.
