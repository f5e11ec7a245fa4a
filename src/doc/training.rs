//! What `train` takes beside functions of the library: it keeps a state of its own.

use super::{Entry, Section};

/// The section of a module's page about what stands in the place of its functions.
pub(super) fn beside(module: &str) -> Option<Section> {
    let entry = match module {
        "schedules" => Entry {
            name: "plateau".to_string(),
            signature: "plateau(patience = 10, factor = 0.1, min_delta = 0, cooldown = 0, min_lr = 0, monitor = loss, mode = min)"
                .to_string(),
            documentation: "The learning rate times `factor` after more than `patience` epochs in a row that were not better than the \
                best by more than `min_delta`, and not below `min_lr`; `cooldown` epochs after that are not counted. It watches `monitor`: the \
                validation loss, without a validation set the loss, or a metric, of which `mode` says whether the least (`min`) or the \
                greatest (`max`) is the best. PyTorch's `ReduceLROnPlateau` with `threshold_mode=\"abs\"` and `eps=0`. It remembers epochs, \
                so that it is no function; its state is part of checkpoints."
                .to_string(),
        },
        "optim" => Entry {
            name: "lbfgs".to_string(),
            signature: "lbfgs(lr = 1, memory = 10, tolerance_gradient = 1e-7, tolerance_change = 1e-9, evaluations = 25)".to_string(),
            documentation: "L-BFGS (Nocedal 1980): a direction by the last `memory` changes of the parameters and of the gradient, and a \
                point along it that meets the strong Wolfe conditions, found with at most `evaluations` losses. Every step sees all \
                examples: `batch = all`. Training ends when no entry of the gradient is greater than `tolerance_gradient`, or when a step \
                changes the loss, or every parameter, by `tolerance_change` at most. `lr` is the length that is tried first, of the one \
                that is proposed. It looks at all parameters together, so that it is no rule for one of them."
                .to_string(),
        },
        _ => return None,
    };
    Some(Section { title: "Built into train", entries: vec![entry] })
}
