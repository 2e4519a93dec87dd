//! The eFaktura service's answers, as the tests write them.

use kvitt_adapters::route::{Consignment, Piece, Reply, Request};
use kvitt_adapters::routes::efaktura::soap::{ENVELOPE, SERVICE};
use kvitt_adapters::routes::efaktura::{shipment_id, transaction_id};

/// A text with the ids of a shipment and its bills filled in: `{shipment}`, `{1}`, `{2}`…
pub fn named(text: &str, consignment: &Consignment) -> String {
    let text = text.replace("{shipment}", &shipment_id(consignment.id).to_string());
    consignment.members.iter().enumerate().fold(text, |text, (place, member)| {
        text.replace(&format!("{{{}}}", place + 1), &transaction_id(member.attempt).to_string())
    })
}

/// An answer whose one element is `inside`; `e` is the service's namespace.
pub fn answer(status: u16, inside: &str) -> Reply {
    let body = format!(r#"<s:Envelope xmlns:s="{ENVELOPE}"><s:Body xmlns:e="{SERVICE}">{inside}</s:Body></s:Envelope>"#);
    Reply::Http { status, body, retry_after: None }
}

/// A fault: one of the service's own codes, or `auth` (our login), `schema` (what we sent), `service` (something of its own).
pub fn fault(code: &str, text: &str) -> Reply {
    let (by, detail) = match code {
        "auth" => ("Client", "<detail><e:AuthenticationFault/></detail>".to_owned()),
        "schema" => ("Client", String::new()),
        "service" => ("Server", "<detail><e:ServiceFault/></detail>".to_owned()),
        code => {
            let inside = format!("<errorCode>{code}</errorCode><errorDescription>{text}</errorDescription>");
            ("Server", format!("<detail><e:ValidationFault>{inside}</e:ValidationFault></detail>"))
        }
    };
    answer(500, &format!("<s:Fault><faultcode>s:{by}</faultcode><faultstring>{text}</faultstring>{detail}</s:Fault>"))
}

/// Whether a reply is a fault with this code.
pub fn is_fault(reply: &Reply, code: &str) -> bool {
    matches!(reply, Reply::Http { body, .. } if body.contains(&format!("<errorCode>{code}</errorCode>")))
}

/// Whether a reply to `addShipment` says for certain that nothing was taken.
pub fn is_certain_no(reply: &Reply) -> bool {
    use kvitt_adapters::routes::efaktura::soap::{Heard, Operation, hear};
    match hear(Operation::AddShipment, reply) {
        Heard::Invalid(refusal) => !matches!(refusal.code.as_str(), "3002" | "3003"),
        Heard::Misshapen(_) | Heard::Credentials(_) | Heard::TurnedAway(_) => true,
        Heard::Silence(sent, _) => sent == kvitt_adapters::route::Sent::No,
        Heard::Response(_) | Heard::Failed(_) | Heard::Garbled(_) => false,
    }
}

/// `addShipment`: so many taken.
pub fn taken(count: usize) -> String {
    format!(
        "<e:AddShipmentResponse><messageIdentifier>m</messageIdentifier><noOfTransactions>{count}</noOfTransactions></e:AddShipmentResponse>"
    )
}

/// `getShipmentStatus`.
pub fn shipment_stands(status: &str) -> String {
    let inside = format!("<shipmentId>{{shipment}}</shipmentId><efakturaShipmentStatus>{status}</efakturaShipmentStatus>");
    let inside = format!("{inside}<atgShipmentStatus>{status}</atgShipmentStatus>");
    format!("<e:GetShipmentStatusResponse>{inside}</e:GetShipmentStatusResponse>")
}

/// `getTransactionStatus`: the statuses of the bills or claims in their order; `-` is one that is not named, `REJECTED/M001` one with
/// this code.
pub fn bills_stand<'a>(statuses: impl Iterator<Item = &'a str>) -> String {
    let list = transactions(statuses, |status| {
        let (status, code) = status.split_once('/').unwrap_or((status, "17"));
        let code = match status {
            "REJECTED" | "STOPPED" => {
                format!("<rejectionCode>{code}</rejectionCode><rejectionText>Mottaker finnes ikke</rejectionText>")
            }
            _ => String::new(),
        };
        ["efakturaStatus", "atgStatus"].map(|part| format!("<{part}><status>{status}</status>{code}</{part}>")).concat()
    });
    format!("<e:GetTransactionStatusResponse>{list}</e:GetTransactionStatusResponse>")
}

/// `cancelTransaction`: what is said of the bills in their order; `-` is a bill that is not named.
pub fn called_back<'a>(said: impl Iterator<Item = &'a str>) -> String {
    let list = transactions(said, |said| {
        format!("<efakturaCancelStatus>{said}</efakturaCancelStatus><atgCancelStatus>{said}</atgCancelStatus>")
    });
    format!("<e:CancelTransactionResponse>{list}</e:CancelTransactionResponse>")
}

fn transactions<'a>(words: impl Iterator<Item = &'a str>, inside: impl Fn(&str) -> String) -> String {
    let named = words.enumerate().filter(|(_, word)| *word != "-").map(|(place, word)| {
        format!("<transaction><transactionId>{{{}}}</transactionId>{}</transaction>", place + 1, inside(word))
    });
    format!("<transactions>{}</transactions>", named.collect::<String>())
}

/// The text of a request over HTTP, secrets left out.
pub fn text_of(request: Option<&Request>) -> String {
    let Some(Request::Http(request)) = request else { return String::new() };
    let texts = request.body.pieces.iter().map(|piece| match piece {
        Piece::Text(text) => text.as_str(),
        Piece::Secret(_) => "",
    });
    texts.collect()
}
