//! E07xx: numeric trouble while running.
