//! Files from the bank, and for it.

mod vectors;
