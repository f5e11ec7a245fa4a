//! E09xx: embedding and export; E0999 is our own mistake.
