//! SOAP envelopes as strictly as a schema validator reads them: qualification, order, nothing unknown, no text astray.
//!
//! What the elements mean is in `requests.rs`. A document that does not fit is [`Malformed`]; a real service answers
//! such a one before any of its own code has seen it.

use roxmltree::{Document, Node, ParsingOptions};

use super::{AGREEMENTS, SERVICE};

/// SOAP 1.1 §4.
pub const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";

/// WS-Security 1.0.
const SECURITY: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";

/// WS-Security 1.0, where `wsu:Created` is.
const UTILITY: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";

/// Username Token Profile 1.0 §3.1: the only kind of password that is understood; also the kind where none is said.
const PASSWORD_TEXT: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText";

/// The most nodes that a request may have: a thousand bills with every field have some 60,000.
const MOST_NODES: u32 = 200_000;

/// Why a document is none of this service's, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed(pub String);

/// Who calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// `wsse:Username`.
    pub user: String,
    /// `wsse:Password`.
    pub password: String,
}

/// Reads the text as XML without a DTD.
///
/// # Errors
/// It is no well-formed XML in UTF-8, has a DTD, or too many nodes.
pub fn parse(text: &str) -> Result<Document<'_>, Malformed> {
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    Document::parse_with_options(text, options).map_err(|error| Malformed(error.to_string()))
}

/// Opens an envelope: who calls (where it says so), and the one element of its body.
///
/// # Errors
/// It is no SOAP 1.1 envelope with one element in its body, or its security header cannot be understood.
pub fn open<'a>(document: &'a Document<'a>) -> Result<(Option<Credentials>, Node<'a, 'a>), Malformed> {
    let envelope = document.root_element();
    is_named(&envelope, SOAP, "Envelope")?;
    let mut parts: Vec<Node> = elements(&envelope)?;
    let body = parts.pop().ok_or_else(|| Malformed("the envelope is empty".into()))?;
    is_named(&body, SOAP, "Body")?;
    let credentials = match parts.as_slice() {
        [] => None,
        [header] => {
            is_named(header, SOAP, "Header")?;
            read_header(header)?
        }
        _ => return Err(Malformed("an envelope holds one Header and one Body".into())),
    };
    match elements(&body)?.as_slice() {
        [root] => Ok((credentials, *root)),
        other => Err(Malformed(format!("the Body holds {} elements, not one", other.len()))),
    }
}

fn read_header(header: &Node<'_, '_>) -> Result<Option<Credentials>, Malformed> {
    let mut found = None;
    for block in elements(header)? {
        let is_security = block.tag_name().namespace() == Some(SECURITY) && block.tag_name().name() == "Security";
        if is_security && found.is_none() {
            found = Some(read_token(&block)?);
        } else if is_security || matches!(block.attribute((SOAP, "mustUnderstand")), Some("1" | "true")) {
            // SOAP 1.1 §4.2.3.
            return Err(Malformed(format!("the header block {} is not understood", block.tag_name().name())));
        }
    }
    Ok(found)
}

fn read_token(security: &Node<'_, '_>) -> Result<Credentials, Malformed> {
    let blocks = elements(security)?;
    let [token] = blocks.as_slice() else {
        return Err(Malformed("Security holds one UsernameToken".into()));
    };
    is_named(token, SECURITY, "UsernameToken")?;
    let (mut user, mut password) = (None, None);
    for part in elements(token)? {
        match (part.tag_name().namespace(), part.tag_name().name()) {
            (Some(SECURITY), "Username") if user.is_none() => user = Some(text_of(&part)?),
            (Some(SECURITY), "Password") if password.is_none() => {
                if part.attribute("Type").is_some_and(|kind| kind != PASSWORD_TEXT) {
                    return Err(Malformed("the Password is of a Type that is not understood".into()));
                }
                password = Some(text_of(&part)?);
            }
            (Some(SECURITY), "Nonce") | (Some(UTILITY), "Created") => {}
            (_, name) => return Err(Malformed(format!("{name} does not belong in a UsernameToken here"))),
        }
    }
    match (user, password) {
        (Some(user), Some(password)) => Ok(Credentials { user, password }),
        _ => Err(Malformed("a UsernameToken holds Username and Password".into())),
    }
}

/// The children of an element in the order of an `xsd:sequence`: each asked for in its turn, unqualified.
#[derive(Debug)]
pub struct Sequence<'a> {
    parent: &'a str,
    children: std::vec::IntoIter<Node<'a, 'a>>,
}

impl<'a> Sequence<'a> {
    /// The children of an element that has children only.
    ///
    /// # Errors
    /// It has attributes, text, or a qualified child.
    pub fn of(node: Node<'a, 'a>) -> Result<Sequence<'a>, Malformed> {
        no_attributes(&node)?;
        let children = elements(&node)?;
        let parent = node.tag_name().name();
        if let Some(qualified) = children.iter().find(|child| child.tag_name().namespace().is_some()) {
            let name = qualified.tag_name().name();
            return Err(Malformed(format!("{name} in {parent} must be unqualified (elementFormDefault)")));
        }
        Ok(Sequence { parent, children: children.into_iter() })
    }

    /// The next child, if it has this name.
    pub fn optional(&mut self, name: &str) -> Option<Node<'a, 'a>> {
        let next = *self.children.as_slice().first()?;
        (next.tag_name().name() == name).then(|| {
            self.children.next();
            next
        })
    }

    /// The next child, which must have this name.
    ///
    /// # Errors
    /// It has another, or there is none.
    pub fn required(&mut self, name: &str) -> Result<Node<'a, 'a>, Malformed> {
        self.optional(name).ok_or_else(|| match self.next_name() {
            Some(found) => Malformed(format!("{found} in {} stands where {name} is expected", self.parent)),
            None => Malformed(format!("{} lacks {name}", self.parent)),
        })
    }

    /// All next children of this name, one at least.
    ///
    /// # Errors
    /// There is none, or more than so many.
    pub fn repeated(&mut self, name: &str, most: usize) -> Result<Vec<Node<'a, 'a>>, Malformed> {
        let mut found = vec![self.required(name)?];
        while let Some(next) = self.optional(name) {
            found.push(next);
            if found.len() > most {
                return Err(Malformed(format!("{} holds more than {most} {name}", self.parent)));
            }
        }
        Ok(found)
    }

    /// The name of the next child.
    pub fn next_name(&self) -> Option<&'a str> {
        self.children.as_slice().first().map(|child| child.tag_name().name())
    }

    /// Nothing may follow.
    ///
    /// # Errors
    /// Something does.
    pub fn end(self) -> Result<(), Malformed> {
        match self.next_name() {
            None => Ok(()),
            Some(name) => Err(Malformed(format!("{name} does not belong here in {}", self.parent))),
        }
    }
}

/// The namespace of the service and the operation's name, where the element is qualified as one of this service's.
///
/// # Errors
/// It is not.
pub fn operation<'a>(root: &Node<'a, 'a>) -> Result<(&'static str, &'a str), Malformed> {
    let name = root.tag_name().name();
    match root.tag_name().namespace() {
        Some(SERVICE) => Ok((SERVICE, name)),
        Some(AGREEMENTS) => Ok((AGREEMENTS, name)),
        other => Err(Malformed(format!("{name} is in namespace {:?}, not {SERVICE:?} or {AGREEMENTS:?}", other.unwrap_or("")))),
    }
}

/// The text of an element that has text only.
///
/// # Errors
/// It has attributes (but for a password's type) or children.
pub fn text_of(node: &Node<'_, '_>) -> Result<String, Malformed> {
    if node.tag_name().namespace().is_none() {
        no_attributes(node)?;
    }
    let mut text = String::new();
    for child in node.children() {
        if child.is_element() {
            return Err(Malformed(format!("{} holds text, not elements", node.tag_name().name())));
        }
        if child.is_text() {
            text.push_str(child.text().unwrap_or_default());
        }
    }
    Ok(text)
}

fn no_attributes(node: &Node<'_, '_>) -> Result<(), Malformed> {
    match node.attributes().next() {
        None => Ok(()),
        Some(found) => Err(Malformed(format!("{} has the attribute {}", node.tag_name().name(), found.name()))),
    }
}

fn elements<'a>(node: &Node<'a, 'a>) -> Result<Vec<Node<'a, 'a>>, Malformed> {
    if node.children().any(|child| child.is_text() && !child.text().unwrap_or_default().trim().is_empty()) {
        return Err(Malformed(format!("there is text between the elements of {}", node.tag_name().name())));
    }
    Ok(node.children().filter(Node::is_element).collect())
}

fn is_named(node: &Node<'_, '_>, namespace: &str, name: &str) -> Result<(), Malformed> {
    let found = node.tag_name();
    if found.namespace() == Some(namespace) && found.name() == name {
        return Ok(());
    }
    Err(Malformed(format!(
        "{{{}}}{} stands where {{{namespace}}}{name} is expected",
        found.namespace().unwrap_or(""),
        found.name()
    )))
}
