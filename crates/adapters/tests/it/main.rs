//! The adapters as the hub uses them: conversations, plans, letters and what comes back.

// A failed unwrap is a failed test.
#![allow(clippy::unwrap_used)]

mod agreements;
mod avtalegiro;
mod bounces;
mod conversations;
mod efaktura;
mod letters;
mod plans;
mod print;
mod receipts;
mod sample;
mod service;
