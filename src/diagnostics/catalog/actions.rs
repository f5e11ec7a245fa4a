//! E06xx: actions and their settings.
