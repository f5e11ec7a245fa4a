//! E01xx: names and modules.
