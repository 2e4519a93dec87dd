//! The contract of every store function, on both databases: one module for each file of `src/store/`.
//!
//! [`tenants`] asks every function for another company's things, [`statements`] prepares every SQL text.

mod agreement;
mod artefact;
mod claim;
mod company;
mod consignment;
mod customer_order;
mod delivery;
mod event;
mod invoice;
mod job;
mod mandate;
mod report;
mod sealing;
mod statements;
mod stray;
mod suppression;
mod tenants;
mod writer;
