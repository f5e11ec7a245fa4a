//! What generated code names, while it is written.
//!
//! Each thing has its address meanwhile; [`Keep::symbol`] says what stands at an address, so that the code names things and not
//! addresses, and can be linked again in another process.

use super::object::Symbol;
use crate::native::Registry;
use crate::native::built::Named;
use crate::native::keep::{Descriptor, Kept};
use crate::runtime::image;
use crate::schedule::{Place, Schedule};
use std::collections::HashMap;

/// The addresses of a schedule's constants, by buffer.
pub type Constants = Vec<Option<*const u8>>;

/// What is kept while code is written.
#[derive(Default)]
pub struct Keep {
    /// All of it.
    pub kept: Kept,
    places: HashMap<*const u8, Symbol>,
    table: Option<Table>,
}

/// What code for another process finds in a table of addresses, which is filled there.
#[derive(Default)]
pub struct Table {
    /// What belongs in its places.
    pub entries: Vec<Named>,
    /// The place of what has an address here.
    places: HashMap<*const u8, u32>,
    /// Whether the code names something that has no name.
    pub nameless: bool,
}

impl Keep {
    /// Keeps the constants of a schedule.
    pub fn constants(&mut self, schedule: &Schedule) -> Constants {
        let mut constant = |buffer: &crate::schedule::Buffer| match &buffer.place {
            Place::Constant(bits) => {
                let symbol = Symbol::Constant(self.kept.constant_count() as u32);
                let address = self.kept.add_constant(bits, buffer.element);
                self.places.insert(address, symbol);
                Some(address)
            }
            _ => None,
        };
        schedule.buffers.iter().map(&mut constant).collect()
    }

    /// Keeps a value; its address is good as long as what is kept lives.
    pub fn keep<T>(&mut self, value: T) -> *const T
    where
        Descriptor: From<T>,
    {
        let symbol = Symbol::Descriptor(self.kept.descriptor_count() as u32);
        let address = self.kept.add_descriptor(Descriptor::from(value));
        self.places.insert(address, symbol);
        address.cast()
    }

    /// For code of another process.
    pub fn portable() -> Self {
        Keep { table: Some(Table::default()), ..Keep::default() }
    }

    /// The table of code for another process.
    pub fn table(&mut self) -> Option<&mut Table> {
        self.table.as_mut()
    }

    /// Of code for another process, the place in its table that has what stands at an address; `None` for constants, which are
    /// beside the code.
    pub fn table_place(&mut self, address: *const u8) -> Option<u32> {
        let symbol = self.symbol(address);
        let table = self.table.as_mut()?;
        if let Some(known) = table.places.get(&address) {
            return Some(*known);
        }
        let named = match symbol {
            Symbol::Descriptor(index) => Named::Descriptor(index),
            Symbol::Constant(_) | Symbol::Function(_) | Symbol::Table => return None,
            Symbol::Image(_) => {
                let name = Registry::get().name(address);
                table.nameless |= name.is_none();
                Named::Function(name.unwrap_or_default().to_string())
            }
        };
        let place = table.entries.len() as u32;
        table.entries.push(named);
        table.places.insert(address, place);
        Some(place)
    }

    /// What stands at an address: something kept, or a function or `static` of this program. There is nothing else that
    /// generated code may name, since nothing else lives as long.
    pub fn symbol(&self, address: *const u8) -> Symbol {
        self.places.get(&address).copied().unwrap_or_else(|| Symbol::Image(image::distance(address)))
    }
}
