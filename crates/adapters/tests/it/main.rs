//! The adapters as the hub uses them: conversations, plans, letters and what comes back.

mod agreements;
mod bounces;
mod conversations;
mod efaktura;
mod letters;
mod plans;
mod print;
mod receipts;
mod sample;
mod service;
