//! What the service says: response elements and faults, as text.
//!
//! One element in the body qualified as the service's, its children unqualified; `messageIdentifier` first. Faults
//! are SOAP 1.1 §4.4 with the service's own element in `detail`.

use std::fmt::Write as _;

use super::SERVICE;
use super::wire::SOAP;

/// An HTTP status with an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// 200, or 500 with a fault (SOAP 1.1 §6.2).
    pub status: u16,
    /// The envelope.
    pub body: String,
}

/// Elements with text, nested, in the order in which they are written.
#[derive(Debug, Clone, Default)]
pub struct Elements(String);

impl Elements {
    /// Nothing yet.
    pub fn new() -> Elements {
        Elements::default()
    }

    /// Adds an element with text.
    pub fn text(mut self, name: &str, text: impl std::fmt::Display) -> Elements {
        let escaped = text.to_string().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        // Writing to a String never fails.
        let _ = write!(self.0, "<{name}>{escaped}</{name}>");
        self
    }

    /// Adds an element with text where there is one.
    pub fn maybe(self, name: &str, text: Option<impl std::fmt::Display>) -> Elements {
        match text {
            Some(text) => self.text(name, text),
            None => self,
        }
    }

    /// Adds an element with elements.
    pub fn group(mut self, name: &str, inside: Elements) -> Elements {
        let _ = write!(self.0, "<{name}>{}</{name}>", inside.0);
        self
    }
}

/// The response of this name.
pub fn response(name: &str, inside: Elements) -> Reply {
    response_of(SERVICE, name, inside)
}

/// The response of this name, qualified as another service's.
pub fn response_of(service: &str, name: &str, inside: Elements) -> Reply {
    let inside = inside.0;
    Reply { status: 200, body: envelope(&format!("<mps:{name} xmlns:mps=\"{service}\">{inside}</mps:{name}>")) }
}

/// A fault of the service's own: `ValidationFault`, `AuthenticationFault` or `ServiceFault`.
pub fn fault(name: &str, message_id: Option<&str>, code: &str, description: &str) -> Reply {
    let inside =
        Elements::new().maybe("messageIdentifier", message_id).text("errorCode", code).text("errorDescription", description);
    let detail = format!("<mps:{name} xmlns:mps=\"{SERVICE}\">{}</mps:{name}>", inside.0);
    let blamed = if name == "ServiceFault" { "Server" } else { "Client" };
    soap_fault(blamed, description, &format!("<detail>{detail}</detail>"))
}

/// The fault of a document that does not fit the schema: the service's own code has not seen it.
pub fn schema_fault(reason: &str) -> Reply {
    soap_fault("Client", reason, "")
}

fn soap_fault(blamed: &str, reason: &str, detail: &str) -> Reply {
    let reason = Elements::new().text("faultstring", reason).0;
    let body = envelope(&format!("<soap:Fault><faultcode>soap:{blamed}</faultcode>{reason}{detail}</soap:Fault>"));
    Reply { status: 500, body }
}

fn envelope(inside: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<soap:Envelope xmlns:soap=\"{SOAP}\"><soap:Body>{inside}</soap:Body></soap:Envelope>\n"
    )
}
