//! A counterparty's drop as those who put something into it see it: packages under their temporary names, and under their own.

use std::collections::{BTreeMap, BTreeSet};

use kvitt_adapters::route::Place;

/// The files of a package, by path.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What lies in a drop.
#[derive(Debug, Default)]
pub struct Inbox {
    /// Packages under their temporary names.
    pub parts: BTreeSet<String>,
    /// Packages under their own names that nobody has taken yet.
    pub waiting: BTreeMap<String, Files>,
    /// Whether what was taken is left where its sender can still see it; else it is gone.
    pub keeps: bool,
    moved_away: BTreeSet<String>,
}

impl Inbox {
    /// A drop whose owner leaves what was taken to be seen, or does not.
    pub fn new(keeps: bool) -> Inbox {
        Inbox { keeps, ..Inbox::default() }
    }

    /// Where a package is, for whoever looks.
    pub fn place(&self, name: &str) -> Place {
        match self.waiting.contains_key(name) || self.moved_away.contains(name) {
            true => Place::Final,
            false if self.parts.contains(name) => Place::Temporary,
            false => Place::Nowhere,
        }
    }

    /// A package gets its own name.
    pub fn rename(&mut self, name: &str, files: Files) {
        self.parts.remove(name);
        self.waiting.insert(name.to_owned(), files);
    }

    /// Its owner takes everything that lies there under its own name.
    pub fn take(&mut self) -> BTreeMap<String, Files> {
        let taken = std::mem::take(&mut self.waiting);
        if self.keeps {
            self.moved_away.extend(taken.keys().cloned());
        }
        taken
    }
}
