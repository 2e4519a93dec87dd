//! A whole file judged before anything of it is used, in flat memory.

use std::io::BufRead;

use kvitt_domain::Fault;

use super::items::Item;
use super::read;
use super::tally::Tally;

/// Faults that are kept: enough to see what is wrong, and a file of nothing but faults fills no memory.
pub const MAX_FAULTS: usize = 100;
/// Remarks that are kept.
pub const MAX_REMARKS: usize = 100;

/// What is to be said of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Counts and sums of all that could be read.
    pub tally: Tally,
    /// What is wrong, the first [`MAX_FAULTS`] in the order of the file. Nothing of a file with a fault is to be used.
    pub faults: Vec<Fault>,
    /// How many faults more there were.
    pub faults_left_out: u64,
    /// What a person should know, and what stops nothing: the first [`MAX_REMARKS`].
    pub remarks: Vec<Fault>,
    /// How many remarks more there were.
    pub remarks_left_out: u64,
}

impl Verdict {
    /// Whether the file may be used.
    pub fn is_valid(&self) -> bool {
        self.faults.is_empty()
    }

    /// Takes what a [`Reader`](super::Reader) gave next.
    pub fn add(&mut self, read: &Result<Item, Fault>) {
        match read {
            Err(fault) => keep(fault, MAX_FAULTS, &mut self.faults, &mut self.faults_left_out),
            Ok(Item::Remark(fault)) => keep(fault, MAX_REMARKS, &mut self.remarks, &mut self.remarks_left_out),
            Ok(item) => self.tally.add(item),
        }
    }
}

fn keep(fault: &Fault, most: usize, kept: &mut Vec<Fault>, left_out: &mut u64) {
    if kept.len() < most {
        kept.push(fault.clone());
    } else {
        *left_out += 1;
    }
}

/// Reads all of a file and keeps only its totals and what is wrong with it.
pub fn verify(source: impl BufRead) -> Verdict {
    let mut verdict = Verdict::default();
    read(source).for_each(|read| verdict.add(&read));
    verdict
}
