//! Which page opens to whom: one table, by which [`guard`](super::guard) lets people in and a test tries every door.

use axum::http::Method;
use kvitt_domain::person::Role;

/// To whom a page opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opens {
    /// To anybody, signed in or not.
    Anybody,
    /// To whoever is signed in and has at least this role in the company.
    To(Role),
}

/// A page: its method, its path as the router has it, and to whom it opens.
#[derive(Debug, Clone)]
pub struct Door {
    /// `GET` answers `HEAD` too.
    pub method: Method,
    /// Such as `/invoices/{id}`.
    pub path: &'static str,
    /// To whom it opens.
    pub opens: Opens,
}

const ANYBODY: Opens = Opens::Anybody;
const READER: Opens = Opens::To(Role::ReadOnly);
const INVOICER: Opens = Opens::To(Role::Invoicing);
const ADMIN: Opens = Opens::To(Role::Admin);

/// Every page.
pub const DOORS: &[Door] = &[
    Door { method: Method::GET, path: "/sign-in", opens: ANYBODY },
    Door { method: Method::POST, path: "/sign-in", opens: ANYBODY },
    Door { method: Method::POST, path: "/sign-out", opens: READER },
    Door { method: Method::GET, path: "/first-run", opens: ANYBODY },
    Door { method: Method::POST, path: "/first-run", opens: ANYBODY },
    Door { method: Method::GET, path: "/invitation/{token}", opens: ANYBODY },
    Door { method: Method::POST, path: "/invitation/{token}", opens: ANYBODY },
    Door { method: Method::POST, path: "/tastes", opens: ANYBODY },
    Door { method: Method::POST, path: "/company", opens: READER },
    Door { method: Method::GET, path: "/account", opens: READER },
    Door { method: Method::POST, path: "/account/password", opens: READER },
    Door { method: Method::GET, path: "/", opens: READER },
    Door { method: Method::GET, path: "/invoices", opens: READER },
    Door { method: Method::GET, path: "/invoices/{id}", opens: READER },
    Door { method: Method::GET, path: "/invoices/{id}/files/{number}", opens: READER },
    Door { method: Method::POST, path: "/invoices/{id}/decide", opens: INVOICER },
    Door { method: Method::POST, path: "/invoices/{id}/reroute", opens: INVOICER },
    Door { method: Method::POST, path: "/bulk", opens: INVOICER },
    Door { method: Method::GET, path: "/bulk/{id}", opens: READER },
    Door { method: Method::POST, path: "/bulk/{id}/{what}", opens: INVOICER },
    Door { method: Method::GET, path: "/payments", opens: READER },
    Door { method: Method::POST, path: "/payments/{id}/decide", opens: INVOICER },
    Door { method: Method::POST, path: "/payments/invoices/{id}/settle", opens: INVOICER },
    Door { method: Method::GET, path: "/exports", opens: READER },
    Door { method: Method::GET, path: "/exports/file", opens: READER },
    Door { method: Method::GET, path: "/mandates", opens: READER },
    Door { method: Method::GET, path: "/agreements", opens: READER },
    Door { method: Method::POST, path: "/agreements", opens: ADMIN },
    Door { method: Method::GET, path: "/agreements/order", opens: ADMIN },
    Door { method: Method::POST, path: "/agreements/order", opens: ADMIN },
    Door { method: Method::GET, path: "/reports", opens: READER },
    Door { method: Method::GET, path: "/reports/{report}", opens: READER },
    Door { method: Method::GET, path: "/reports/{report}/csv", opens: READER },
    Door { method: Method::GET, path: "/events", opens: READER },
    Door { method: Method::GET, path: "/webhooks", opens: ADMIN },
    Door { method: Method::POST, path: "/webhooks", opens: ADMIN },
    Door { method: Method::GET, path: "/webhooks/{id}", opens: ADMIN },
    Door { method: Method::POST, path: "/webhooks/{id}/{what}", opens: ADMIN },
    Door { method: Method::GET, path: "/api-keys", opens: ADMIN },
    Door { method: Method::POST, path: "/api-keys", opens: ADMIN },
    Door { method: Method::POST, path: "/api-keys/{id}/rotate", opens: ADMIN },
    Door { method: Method::POST, path: "/api-keys/{id}/revoke", opens: ADMIN },
    Door { method: Method::GET, path: "/settings", opens: READER },
    Door { method: Method::POST, path: "/settings/order", opens: ADMIN },
    Door { method: Method::GET, path: "/settings/prices", opens: READER },
    Door { method: Method::GET, path: "/jobs", opens: READER },
    Door { method: Method::POST, path: "/jobs/{id}/unstick", opens: INVOICER },
    Door { method: Method::GET, path: "/users", opens: ADMIN },
    Door { method: Method::POST, path: "/users", opens: ADMIN },
    Door { method: Method::POST, path: "/users/{person}/role", opens: ADMIN },
    Door { method: Method::POST, path: "/users/{person}/remove", opens: ADMIN },
    Door { method: Method::POST, path: "/users/invitations/{id}/withdraw", opens: ADMIN },
    Door { method: Method::GET, path: "/customers", opens: READER },
    Door { method: Method::POST, path: "/customers", opens: INVOICER },
    Door { method: Method::GET, path: "/customers/new", opens: INVOICER },
    Door { method: Method::GET, path: "/customers/{number}", opens: READER },
    Door { method: Method::POST, path: "/customers/{number}", opens: INVOICER },
    Door { method: Method::GET, path: "/projects", opens: READER },
    Door { method: Method::POST, path: "/projects", opens: INVOICER },
    Door { method: Method::GET, path: "/projects/new", opens: INVOICER },
    Door { method: Method::GET, path: "/projects/{number}", opens: READER },
    Door { method: Method::POST, path: "/projects/{number}", opens: INVOICER },
    Door { method: Method::GET, path: "/products", opens: READER },
    Door { method: Method::POST, path: "/products", opens: INVOICER },
    Door { method: Method::GET, path: "/products/new", opens: INVOICER },
    Door { method: Method::GET, path: "/products/{number}", opens: READER },
    Door { method: Method::POST, path: "/products/{number}", opens: INVOICER },
    Door { method: Method::GET, path: "/drafts", opens: READER },
    Door { method: Method::POST, path: "/drafts", opens: INVOICER },
    Door { method: Method::POST, path: "/drafts/credit", opens: INVOICER },
    Door { method: Method::GET, path: "/drafts/{id}", opens: READER },
    Door { method: Method::POST, path: "/drafts/{id}", opens: INVOICER },
    Door { method: Method::POST, path: "/drafts/{id}/live", opens: INVOICER },
    Door { method: Method::POST, path: "/drafts/{id}/copy", opens: INVOICER },
    Door { method: Method::POST, path: "/drafts/{id}/discard", opens: INVOICER },
    Door { method: Method::POST, path: "/drafts/{id}/files", opens: INVOICER },
    Door { method: Method::POST, path: "/drafts/{id}/files/{place}/remove", opens: INVOICER },
    Door { method: Method::GET, path: "/drafts/{id}/final", opens: READER },
    Door { method: Method::POST, path: "/drafts/{id}/final", opens: INVOICER },
    Door { method: Method::POST, path: "/drafts/{id}/repeat", opens: INVOICER },
    Door { method: Method::GET, path: "/recurring", opens: READER },
    Door { method: Method::POST, path: "/recurring/{id}/end", opens: INVOICER },
    Door { method: Method::GET, path: "/settings/invoicing", opens: ADMIN },
    Door { method: Method::POST, path: "/settings/invoicing", opens: ADMIN },
    Door { method: Method::POST, path: "/settings/invoicing/look", opens: ADMIN },
    Door { method: Method::GET, path: "/sandbox", opens: READER },
    Door { method: Method::GET, path: "/sandbox/letters/{id}", opens: READER },
    Door { method: Method::GET, path: "/sandbox/letters/{id}/files/{index}", opens: READER },
    Door { method: Method::POST, path: "/sandbox/clock", opens: INVOICER },
    Door { method: Method::POST, path: "/sandbox/prepare", opens: ADMIN },
    Door { method: Method::POST, path: "/sandbox/draft", opens: INVOICER },
    Door { method: Method::POST, path: "/sandbox/pay", opens: INVOICER },
    Door { method: Method::POST, path: "/sandbox/faults", opens: INVOICER },
];

/// The door that a method on a path of the router's knocks at.
pub fn door(method: &Method, path: &str) -> Option<&'static Door> {
    let method = if method == Method::HEAD { &Method::GET } else { method };
    DOORS.iter().find(|door| door.method == *method && door.path == path)
}
