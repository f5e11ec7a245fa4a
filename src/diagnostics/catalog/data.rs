//! E05xx: data.
