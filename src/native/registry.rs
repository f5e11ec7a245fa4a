//! Every function and definition that code may name, by name: code that was built ahead of time finds them where it runs, in
//! the version for the processor there.

use super::{element, fallback, support};
use crate::ir::{ElementType, Meaning, Pointwise};
use crate::ops::POINTWISE;
use crate::runtime::kernel::{self, Form, Logic, Versions, draws, integers};
use crate::runtime::linear_algebra::{kernel_double, kernel_single};
use crate::runtime::matmul::distances::distances;
use crate::runtime::matmul::looped::looped_product;
use crate::runtime::reduce::{self, Reduction};
use crate::runtime::support_add::add_elements;
use crate::runtime::support_fold::{contract_integers, integer_products, integer_sums, integers_begin, integers_fold};
use crate::runtime::support_move::move_elements;
use crate::runtime::support_rows::{arg_extreme, gather_rows, pick_in_rows, place_in_rows};
use crate::runtime::support_scatter::scatter_add;
use crate::runtime::{Element, cpu, divided_strips, matmul, replay, view};
use std::collections::HashMap;
use std::sync::OnceLock;

const ELEMENTS: [ElementType; 4] = [ElementType::F32, ElementType::F64, ElementType::I64, ElementType::Bool];
const REALS: [Element; 2] = [Element::F32, Element::F64];

/// Names and addresses, both ways.
pub struct Registry {
    by_name: HashMap<String, usize>,
    by_address: HashMap<usize, String>,
}

impl Registry {
    /// All of them.
    pub fn get() -> &'static Registry {
        static REGISTRY: OnceLock<Registry> = OnceLock::new();
        REGISTRY.get_or_init(|| {
            let mut registry = Registry { by_name: HashMap::new(), by_address: HashMap::new() };
            add_all(&mut |name, versions| registry.add(name, versions));
            registry
        })
    }

    fn add(&mut self, name: String, versions: Versions) {
        for version in versions {
            // Functions that are the same on a level may be one; any of their names will do.
            self.by_address.entry(version.expose_provenance()).or_insert_with(|| name.clone());
        }
        let version = versions[cpu() as usize].expose_provenance();
        let before = self.by_name.insert(name, version);
        debug_assert!(before.is_none(), "two functions of one name");
    }

    /// The address of a name, for the processor level in use.
    pub fn address(&self, name: &str) -> Option<*const u8> {
        self.by_name.get(name).map(|address| std::ptr::with_exposed_provenance(*address))
    }

    /// The name of what stands at an address, on any level.
    pub fn name(&self, address: *const u8) -> Option<&str> {
        self.by_address.get(&address.addr()).map(String::as_str)
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }
}

/// Takes in a name and the versions of what it names.
type Add<'a> = dyn FnMut(String, Versions) + 'a;

fn add_all(add: &mut Add) {
    for definition in POINTWISE.iter().copied() {
        add(format!("{} definition", definition.name), [std::ptr::from_ref(definition).cast(); 3]);
        add_pointwise(definition, add);
    }
    add_strips(add);
    add_reductions(add);
    add_draws(add);
    add_support(add);
}

fn add_pointwise(definition: &Pointwise, add: &mut Add) {
    let name = definition.name;
    match &definition.meaning {
        Meaning::Unary { kernel, .. } => {
            for (what, versions) in kernel.all_versions() {
                add(format!("{name} {what}"), versions);
            }
        }
        Meaning::Binary { kernel, .. } => {
            for (what, versions) in kernel.all_versions() {
                add(format!("{name} {what}"), versions);
            }
        }
        Meaning::Comparison { kernel, .. } => {
            for (what, versions) in kernel.all_versions() {
                add(format!("{name} {what}"), versions);
            }
        }
        Meaning::Not | Meaning::Logic(_) | Meaning::Select | Meaning::Convert(_) => {}
    }
}

fn add_strips(add: &mut Add) {
    let named = [
        ("add", &integers::ADD),
        ("subtract", &integers::SUB),
        ("multiply", &integers::MUL),
        ("max", &integers::MAX),
        ("min", &integers::MIN),
    ];
    for form in Form::ALL {
        for (name, kernel) in named {
            add(format!("integer {name} {form:?}"), kernel.strip(form).addresses());
        }
        for logic in [Logic::And, Logic::Or] {
            add(format!("strip {logic:?} {form:?}"), kernel::logic(logic, form).addresses());
        }
        for element in [Element::Bool, Element::F32, Element::F64] {
            add(format!("strip select {} {form:?}", element.bytes()), kernel::select(element, form).addresses());
        }
        add(format!("strip mix {form:?}"), draws::mix(form).addresses());
    }
    add("strip not".to_string(), kernel::logic_not().addresses());
    for from in ELEMENTS {
        for to in ELEMENTS {
            let versions = kernel::convert(element(from), element(to)).addresses();
            add(format!("strip convert {} {}", from.name(), to.name()), versions);
        }
    }
}

fn add_reductions(add: &mut Add) {
    use Reduction as R;
    for reduction in [R::Sum, R::Product, R::Max, R::Min, R::Any, R::All, R::ArgMax, R::ArgMin] {
        for element in ELEMENTS.map(element) {
            let Some(kernel) = reduce::kernel(reduction, element) else { continue };
            let name = format!("reduce {reduction:?} {element:?}");
            add(format!("{name} accumulate"), kernel.accumulate.addresses());
            if let Some(lanes) = kernel.lanes {
                add(format!("{name} open"), lanes.open.addresses());
                add(format!("{name} close_block"), lanes.close_block.addresses());
                add(format!("{name} finish"), lanes.finish.addresses());
            }
        }
    }
    add("matmul F64".to_string(), matmul::versions_f64().addresses());
    add("matmul F32".to_string(), matmul::versions_f32().addresses());
}

fn add_draws(add: &mut Add) {
    for element in REALS {
        add(format!("strip uniform {element:?}"), draws::uniform(element).addresses());
        add(format!("strip normal {element:?}"), draws::normal(element).addresses());
    }
}

/// Functions that are the same on all levels.
fn add_support(add: &mut Add) {
    let mut plain = |name: &str, address: *const u8| add(name.to_string(), [address; 3]);
    plain("zero_bytes", support::zero_bytes as *const u8);
    plain("copy_bytes", support::copy_bytes as *const u8);
    plain("settle", support::settle as *const u8);
    plain("mix", support::mix as *const u8);
    plain("uniform_f32", support::uniform_f32 as *const u8);
    plain("uniform_f64", support::uniform_f64 as *const u8);
    plain("normal_f32", support::normal_f32 as *const u8);
    plain("normal_f64", support::normal_f64 as *const u8);
    plain("fallback strip", fallback::strip as *const u8);
    plain("fallback integer", fallback::integer_address());
    for element in ELEMENTS {
        plain(&format!("fallback compare {}", element.name()), fallback::compare_address(element));
    }
    plain("fallback logic", fallback::logic_address());
    plain("gather_rows", gather_rows as *const u8);
    plain("scatter_add f32", scatter_add::<f32> as *const u8);
    plain("scatter_add f64", scatter_add::<f64> as *const u8);
    plain("scatter_add i64", scatter_add::<i64> as *const u8);
    plain("add_elements f32", add_elements::<f32> as *const u8);
    plain("add_elements f64", add_elements::<f64> as *const u8);
    plain("add_elements i64", add_elements::<i64> as *const u8);
    plain("pick_in_rows 4", pick_in_rows::<u32> as *const u8);
    plain("pick_in_rows 8", pick_in_rows::<u64> as *const u8);
    plain("place_in_rows f32", place_in_rows::<f32> as *const u8);
    plain("place_in_rows f64", place_in_rows::<f64> as *const u8);
    plain("arg max f32", arg_extreme::<f32, true> as *const u8);
    plain("arg max f64", arg_extreme::<f64, true> as *const u8);
    plain("arg max i64", arg_extreme::<i64, true> as *const u8);
    plain("arg max bool", arg_extreme::<u8, true> as *const u8);
    plain("arg min f32", arg_extreme::<f32, false> as *const u8);
    plain("arg min f64", arg_extreme::<f64, false> as *const u8);
    plain("arg min i64", arg_extreme::<i64, false> as *const u8);
    plain("arg min bool", arg_extreme::<u8, false> as *const u8);
    plain("move_elements", move_elements as *const u8);
    plain("contract_integers", contract_integers as *const u8);
    plain("integers_begin sum", integers_begin::<false> as *const u8);
    plain("integers_begin product", integers_begin::<true> as *const u8);
    plain("integers_fold sum", integers_fold::<false> as *const u8);
    plain("integers_fold product", integers_fold::<true> as *const u8);
    plain("integer_sums", integer_sums as *const u8);
    plain("integer_products", integer_products as *const u8);
    plain("distances", distances as *const u8);
    plain("looped_product", looped_product as *const u8);
    plain("divided_strips", divided_strips::divided_strips as *const u8);
    plain("replay", replay::replay as *const u8);
    plain("matrix f32", kernel_single as *const u8);
    plain("matrix f64", kernel_double as *const u8);
    for element in [Element::Bool, Element::F32, Element::F64] {
        plain(&format!("expand {}", element.bytes()), view::expand_function(element) as *const u8);
    }
}
