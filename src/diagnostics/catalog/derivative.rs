//! E04xx: differentiation.
