//! Which operation wants which scope: one table, from which the hub refuses, the OpenAPI document tells, and `docs/api.md` lists.
//!
//! The names are those that Nordic ERPs ask for already. A scope without an operation is granted all the same, so that a client that
//! asks for everything it knows gets its token.

use axum::http::Method;
use kvitt_domain::fault::{Fault, codes};

/// The scope that is every other: what the user of a company may do in the web pages.
pub const EVERYTHING: &str = "eui";

/// A scope, and what a token with it may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// Its name.
    pub name: &'static str,
    /// What it is for, in English; empty where no operation wants it yet.
    pub meaning: &'static str,
}

/// Every scope that can be granted.
pub const SCOPES: &[Scope] = &[
    Scope { name: EVERYTHING, meaning: "Everything that the company may do." },
    Scope { name: "global", meaning: "Who am I, and what happened: events." },
    Scope { name: "company", meaning: "Read and change the company: settings, agreements, notifications." },
    Scope { name: "company:read", meaning: "Read the company." },
    Scope { name: "company:write", meaning: "Change the company." },
    Scope { name: "lookup", meaning: "Ask whether a recipient can be reached." },
    Scope { name: "invoice:send", meaning: "Send invoices, plan, call back, follow." },
    Scope { name: "invoice:receive", meaning: "Read invoices." },
    Scope { name: "document:send", meaning: "" },
    Scope { name: "document:receive", meaning: "" },
    Scope { name: "validate", meaning: "Have documents judged." },
    Scope { name: "receivables:assignments", meaning: "" },
    Scope { name: "analysis", meaning: "" },
    Scope { name: "billing:reports", meaning: "Read how much was sent by which route." },
    Scope { name: "partner:invoice_delivery_actions", meaning: "" },
    Scope { name: "partner:lookups", meaning: "" },
    Scope { name: "partner:takeovers", meaning: "" },
    Scope { name: "partner:lyanthe_scan_service", meaning: "" },
    Scope { name: "fi_bank_message:send", meaning: "" },
    Scope { name: "fi_bank_message:receive", meaning: "" },
];

impl Scope {
    /// The scope of a name.
    ///
    /// # Errors
    /// `access.scope_unknown`.
    pub fn named(name: &str) -> Result<Scope, Fault> {
        let unknown = || Fault::fatal(codes::ACCESS_SCOPE_UNKNOWN).with("scope", name);
        SCOPES.iter().copied().find(|scope| scope.name == name).ok_or_else(unknown)
    }
}

/// What an operation wants of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// Nothing: anybody may call it.
    Nothing,
    /// A token, whatever its scopes.
    Token,
    /// A token with one of these scopes.
    OneOf(&'static [&'static str]),
}

/// An operation: its method, its path as the router has it, and what it wants.
#[derive(Debug, Clone)]
pub struct Operation {
    /// `GET` answers `HEAD` too.
    pub method: Method,
    /// Such as `/v1/invoices/{id}`.
    pub path: &'static str,
    /// What it wants.
    pub wants: Wants,
}

const SEND: Wants = Wants::OneOf(&["invoice:send"]);
const FOLLOW: Wants = Wants::OneOf(&["invoice:send", "invoice:receive"]);
const EVENTS: Wants = Wants::OneOf(&["global", "invoice:send", "invoice:receive"]);
const COMPANY: Wants = Wants::OneOf(&["company", "company:read"]);
/// Who can invite an administrator can do all that one can.
const PEOPLE: Wants = Wants::OneOf(&[EVERYTHING]);
const LOOKUP: Wants = Wants::OneOf(&["lookup"]);
const BILLING: Wants = Wants::OneOf(&["billing:reports"]);
const CHANGE_COMPANY: Wants = Wants::OneOf(&["company", "company:write"]);

/// Every operation.
pub const OPERATIONS: &[Operation] = &[
    Operation { method: Method::POST, path: "/oauth2/token", wants: Wants::Nothing },
    Operation { method: Method::GET, path: "/oauth2/current", wants: Wants::Token },
    Operation { method: Method::GET, path: "/status/authenticated", wants: Wants::Token },
    Operation { method: Method::GET, path: "/v1/jwk", wants: Wants::Nothing },
    Operation { method: Method::GET, path: "/v1/faults", wants: Wants::Nothing },
    Operation { method: Method::GET, path: "/v1/faults/{code}", wants: Wants::Nothing },
    Operation { method: Method::GET, path: "/v1/events", wants: EVENTS },
    Operation { method: Method::GET, path: "/v1/company/notifications", wants: COMPANY },
    Operation { method: Method::POST, path: "/v1/company/notifications", wants: CHANGE_COMPANY },
    Operation { method: Method::GET, path: "/v1/company/notifications/{id}", wants: COMPANY },
    Operation { method: Method::DELETE, path: "/v1/company/notifications/{id}", wants: CHANGE_COMPANY },
    Operation { method: Method::POST, path: "/v1/company/notifications/{id}/enable", wants: CHANGE_COMPANY },
    Operation { method: Method::GET, path: "/v1/company/notifications/{id}/log", wants: COMPANY },
    Operation { method: Method::POST, path: "/v1/company/notifications/{id}/replay", wants: CHANGE_COMPANY },
    Operation { method: Method::POST, path: "/v1/company/notifications/{id}/secret", wants: CHANGE_COMPANY },
    Operation { method: Method::POST, path: "/v1/company/notifications/{id}/test", wants: CHANGE_COMPANY },
    Operation { method: Method::POST, path: "/v1/plans", wants: SEND },
    Operation { method: Method::POST, path: "/v1/invoices", wants: SEND },
    Operation { method: Method::POST, path: "/v1/invoices/bulk", wants: SEND },
    Operation { method: Method::GET, path: "/v1/invoices", wants: FOLLOW },
    Operation { method: Method::GET, path: "/v1/invoices/{id}", wants: FOLLOW },
    Operation { method: Method::PUT, path: "/v1/invoices/{id}", wants: SEND },
    Operation { method: Method::GET, path: "/v1/invoices/{id}/actions", wants: FOLLOW },
    Operation { method: Method::GET, path: "/v1/invoices/{id}/delivery", wants: FOLLOW },
    Operation { method: Method::GET, path: "/v1/invoices/{id}/evidence", wants: FOLLOW },
    Operation { method: Method::GET, path: "/v1/invoices/{id}/files/{file_id}", wants: FOLLOW },
    Operation { method: Method::POST, path: "/v1/invoices/{id}/recall", wants: SEND },
    Operation { method: Method::PUT, path: "/v1/invoices/{id}/reroute/print", wants: SEND },
    Operation { method: Method::PUT, path: "/v1/invoices/{id}/reroute/email", wants: SEND },
    Operation { method: Method::PUT, path: "/v1/invoices/{id}/reroute/einvoice", wants: SEND },
    Operation { method: Method::GET, path: "/v1/invoices/{id}/payments", wants: FOLLOW },
    Operation { method: Method::GET, path: "/v1/payments", wants: COMPANY },
    Operation { method: Method::POST, path: "/v1/payments/{id}/decision", wants: CHANGE_COMPANY },
    Operation { method: Method::GET, path: "/v1/lookup/consumers", wants: LOOKUP },
    Operation { method: Method::POST, path: "/v1/lookup/consumers", wants: LOOKUP },
    Operation { method: Method::GET, path: "/v1/lookup/receivers", wants: LOOKUP },
    Operation { method: Method::GET, path: "/v1/companies", wants: Wants::Token },
    Operation { method: Method::GET, path: "/v1/companies/{id}/status", wants: Wants::Token },
    Operation { method: Method::GET, path: "/v1/company/authorization", wants: Wants::Token },
    Operation { method: Method::GET, path: "/v1/company/settings", wants: COMPANY },
    Operation { method: Method::PATCH, path: "/v1/company/settings", wants: CHANGE_COMPANY },
    Operation { method: Method::GET, path: "/v1/company/users", wants: PEOPLE },
    Operation { method: Method::POST, path: "/v1/company/users", wants: PEOPLE },
    Operation { method: Method::GET, path: "/v1/company/users/{user_id}", wants: PEOPLE },
    Operation { method: Method::PATCH, path: "/v1/company/users/{user_id}", wants: PEOPLE },
    Operation { method: Method::DELETE, path: "/v1/company/users/{user_id}", wants: PEOPLE },
    Operation { method: Method::POST, path: "/v1/company/users/{user_id}/roles", wants: PEOPLE },
    Operation { method: Method::GET, path: "/v1/company/profiles", wants: COMPANY },
    Operation { method: Method::POST, path: "/v1/company/profiles", wants: CHANGE_COMPANY },
    Operation { method: Method::GET, path: "/v1/company/profiles/{id}", wants: COMPANY },
    Operation { method: Method::PATCH, path: "/v1/company/profiles/{id}", wants: CHANGE_COMPANY },
    Operation { method: Method::DELETE, path: "/v1/company/profiles/{id}", wants: CHANGE_COMPANY },
    Operation { method: Method::GET, path: "/api/billing/v2/reports/billing_company_transactions", wants: BILLING },
    Operation { method: Method::GET, path: "/v1/reports/routes", wants: BILLING },
    Operation { method: Method::POST, path: "/v1/services/atg", wants: CHANGE_COMPANY },
    Operation { method: Method::PATCH, path: "/v1/services/atg/{account_number}", wants: CHANGE_COMPANY },
    Operation { method: Method::GET, path: "/v1/services/b2cno", wants: COMPANY },
    Operation { method: Method::GET, path: "/v1/services/b2cno/consumers", wants: COMPANY },
    Operation { method: Method::GET, path: "/v1/company/consumers", wants: COMPANY },
    Operation { method: Method::GET, path: "/v1/services/atg", wants: COMPANY },
    Operation { method: Method::GET, path: "/v1/services/atg/mandates", wants: COMPANY },
    Operation { method: Method::GET, path: "/v1/services/atg/{account_number}", wants: COMPANY },
];

/// The operation that answers a method on a path.
pub fn operation(method: &Method, path: &str) -> Option<&'static Operation> {
    let method = if method == Method::HEAD { &Method::GET } else { method };
    OPERATIONS.iter().find(|operation| operation.method == *method && operation.path == path)
}

impl Wants {
    /// Whether a token with these scopes will do.
    ///
    /// # Errors
    /// `access.scope_missing`.
    pub fn met_by(self, scopes: &[String]) -> Result<(), Fault> {
        let Wants::OneOf(wanted) = self else { return Ok(()) };
        let has = |name: &str| scopes.iter().any(|scope| scope == name);
        match has(EVERYTHING) || wanted.iter().any(|name| has(name)) {
            true => Ok(()),
            false => Err(Fault::fatal(codes::ACCESS_SCOPE_MISSING).with("scope", wanted.join(" / "))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_does_what_its_scopes_say_and_nothing_else() {
        let check = |method: Method, path: &str, scopes: &[&str], expected: bool| {
            let scopes: Vec<String> = scopes.iter().map(|name| (*name).to_owned()).collect();
            let wants = operation(&method, path).expect("an operation").wants;
            assert_eq!(wants.met_by(&scopes).is_ok(), expected, "{method} {path} with {scopes:?}");
        };
        check(Method::POST, "/v1/invoices", &["invoice:receive"], false);
        check(Method::POST, "/v1/invoices", &["invoice:send"], true);
        check(Method::POST, "/v1/invoices", &["global", "company"], false);
        check(Method::POST, "/v1/invoices", &["eui"], true);
        check(Method::GET, "/v1/invoices", &["invoice:receive"], true);
        check(Method::HEAD, "/v1/invoices", &["lookup"], false);
        check(Method::GET, "/oauth2/current", &[], true);
        check(Method::GET, "/v1/jwk", &[], true);
    }

    #[test]
    fn every_scope_that_is_wanted_can_be_granted() {
        for operation in OPERATIONS {
            if let Wants::OneOf(wanted) = operation.wants {
                for name in wanted {
                    let scope = Scope::named(name).expect("it is in the table");
                    assert!(!scope.meaning.is_empty(), "{name}");
                }
            }
        }
    }
}
