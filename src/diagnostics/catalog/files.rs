//! E08xx: files and checkpoints.
