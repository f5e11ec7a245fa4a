//! One entry of a cache as a table: what one run has stored, by names.

use super::{Cache, Key};
use std::collections::BTreeMap;
use std::ops::Range;

/// The compiled programs of a run: those that were found, and those that were made since.
pub struct Shelf {
    cache: Cache,
    key: Key,
    /// The entry as it was found.
    found: Vec<u8>,
    /// Where in it each thing is.
    places: BTreeMap<String, Range<usize>>,
    made: BTreeMap<String, Vec<u8>>,
    /// How many of those are stored.
    stored: usize,
}

impl Shelf {
    /// What the cache has under a key; empty where that is nothing.
    pub fn new(cache: Cache, key: Key) -> Self {
        let found = cache.load(&key).unwrap_or_default();
        let places = places(&found).unwrap_or_default();
        Shelf { cache, key, found, places, made: BTreeMap::new(), stored: 0 }
    }

    /// What has this name.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        let found = self.places.get(name).map(|place| &self.found[place.clone()]);
        self.made.get(name).map(Vec::as_slice).or(found)
    }

    /// Adds something, or puts it in the place of what was there.
    pub fn put(&mut self, name: &str, content: Vec<u8>) {
        self.made.insert(name.to_string(), content);
        self.stored = 0;
    }

    /// Writes the entry if there is something new.
    ///
    /// # Errors
    /// As [`Cache::store`].
    pub fn save(&mut self) -> Result<(), String> {
        if self.stored == self.made.len() {
            return Ok(());
        }
        let old = self.places.iter().filter(|(name, _)| !self.made.contains_key(*name));
        let old = old.map(|(name, place)| (name, &self.found[place.clone()]));
        let mut bytes = Vec::new();
        for (name, content) in old.chain(self.made.iter().map(|(name, content)| (name, content.as_slice()))) {
            for part in [name.as_bytes(), content] {
                bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
                bytes.extend_from_slice(part);
            }
        }
        self.cache.store(&self.key, &bytes)?;
        self.stored = self.made.len();
        Ok(())
    }
}

/// The table of an entry: names and contents by turns, each with its length before it.
fn places(bytes: &[u8]) -> Option<BTreeMap<String, Range<usize>>> {
    let mut places = BTreeMap::new();
    let mut at = 0;
    while at < bytes.len() {
        let name = part(bytes, &mut at)?;
        let content = part(bytes, &mut at)?;
        places.insert(std::str::from_utf8(&bytes[name]).ok()?.to_string(), content);
    }
    Some(places)
}

fn part(bytes: &[u8], at: &mut usize) -> Option<Range<usize>> {
    let start = at.checked_add(8)?;
    let length = u64::from_le_bytes(bytes.get(*at..start)?.try_into().ok()?);
    let end = start.checked_add(usize::try_from(length).ok()?)?;
    bytes.get(start..end)?;
    *at = end;
    Some(start..end)
}
