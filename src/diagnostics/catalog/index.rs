//! E03xx: index notation.
