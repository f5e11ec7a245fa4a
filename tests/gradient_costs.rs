//! What gradients cost beside their values, in memory and in work as the schedule counts it: nothing here is timed.
//! `cargo bench --bench gradients` times the same cases.

#[path = "../benches/costs/mod.rs"]
mod costs;

use costs::Case;
use ndc::optimize::optimize;
use ndc::schedule::{Schedule, schedule, work};

/// The most memory of a gradient without loops, in that of its value.
const MEMORY: f64 = 2.5;
/// The most work of a gradient, in that of its value.
const WORK: f64 = 3.0;

fn memory(schedule: &Schedule) -> usize {
    let ports = schedule.inputs.iter().chain(&schedule.outputs);
    ports.map(|port| port.ty.bytes()).sum::<usize>() + schedule.workspace_bytes
}

struct Cost {
    name: &'static str,
    memory: f64,
    work: f64,
    has_loop: bool,
}

fn cost(case: &Case) -> Cost {
    let value = schedule(&optimize(&case.value()));
    let gradient = schedule(&optimize(&case.gradient(true)));
    Cost {
        name: case.name,
        memory: memory(&gradient) as f64 / memory(&value) as f64,
        work: work(&gradient) as f64 / work(&value) as f64,
        has_loop: !gradient.bodies.is_empty(),
    }
}

#[test]
fn gradients_stay_within_a_multiple_of_their_values() {
    let costs: Vec<Cost> =
        costs::groups().iter().flat_map(|group| group.cases(|_| true)).map(|case| cost(&case)).collect();
    assert!(costs.len() > 100, "{} cases", costs.len());
    let mut over = Vec::new();
    for cost in &costs {
        println!("{:42} memory {:5.2} work {:5.2}", cost.name, cost.memory, cost.work);
        if cost.memory > MEMORY && !cost.has_loop {
            over.push(format!("{}: memory {:.2}", cost.name, cost.memory));
        }
        if cost.work > WORK {
            over.push(format!("{}: work {:.2}", cost.name, cost.work));
        }
    }
    assert!(over.is_empty(), "over the limits:\n{}", over.join("\n"));
}
