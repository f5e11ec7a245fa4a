//! `--set name=value`, and what it is set to.

use crate::overrides::{Override, parse};
use clap::Args;

/// Values in place of those that the file states.
#[derive(Args, Clone, Default)]
pub(super) struct Set {
    /// Another value for a constant or a setting of the file: lr=0.01, train.epochs=5; may be given several times
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = parse, allow_hyphen_values = true)]
    pub(super) overrides: Vec<Override>,
}

impl Set {
    /// Names and values as they were written.
    pub(super) fn named(&self) -> Vec<(String, String)> {
        self.overrides.iter().map(|each| (each.name.clone(), each.value.clone())).collect()
    }
}
