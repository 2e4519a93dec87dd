//! One file per verb: what a request or a job does.
//!
//! Each action prepares (parse, render, seal: no transaction open) and then writes (reads its own state, applies the domain's
//! function, saves with a version guard, tells its events, asks for jobs: one transaction, nothing else awaited in it).

pub mod accept_invoice;
pub mod account_for_totals;
pub mod add_company;
pub mod advance_agreement;
pub mod api_keys;
pub mod apply_mandates;
pub mod back_up;
pub mod begin;
pub mod change_invoicing;
pub mod change_people;
pub mod change_webhook;
pub mod check_kid;
pub mod choose_route;
pub mod claims;
pub mod close_lot;
pub mod converse;
pub mod copy_database;
pub mod explain;
pub mod fetch_mandates;
pub mod find_mandates;
pub mod freeze_rendition;
pub mod import_bank_file;
pub mod invite;
mod keep_bank_file;
pub mod keep_card;
pub mod look_back;
pub mod look_up;
pub mod match_payment;
pub mod move_agreement;
pub mod move_collection;
pub mod move_delivery;
pub mod offer_mandate;
pub mod open_bill;
pub mod order_agreement;
pub mod place_payments;
pub mod plan_invoice;
pub mod read_bank_file;
pub mod receive_arrival;
pub mod reroute_invoice;
pub mod restore;
pub mod rotate_keys;
pub mod save_customer;
pub mod save_product;
pub mod save_project;
pub mod say;
pub mod set_bank_account;
pub mod set_customer_order;
pub mod settle;
pub mod show_payments;
pub mod sign_in;
pub mod tell_webhook;
pub mod watch_claims;
