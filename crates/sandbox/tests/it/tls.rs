//! STARTTLS and TLS from the first byte, with a client that trusts the sandbox's authority only.

use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::harness::{Client, Stage};

fn encrypt(stage: &Stage, stream: TcpStream, name: &str) -> Client<StreamOwned<ClientConnection, TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(stage.sandbox().certificate()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connection = ClientConnection::new(Arc::new(config), name.to_owned().try_into().unwrap()).unwrap();
    Client::over(StreamOwned::new(connection, stream))
}

#[test]
fn starttls_begins_anew_and_is_not_offered_twice() {
    let stage = Stage::new();
    let client = stage.talk(
        "S: 220
         C: STARTTLS
         S: 503
         C: EHLO hub.example
         S: 250
         C: STARTTLS
         S: 220",
    );
    let mut client = encrypt(&stage, client.0.into_inner(), "localhost");
    client.follow("C: MAIL FROM:<a@b.example>\nS: 503\nC: EHLO hub.example");
    let mut offered = Vec::new();
    while offered.last().is_none_or(|line: &String| line.as_bytes()[3] == b'-') {
        offered.push(client.line());
    }
    assert!(
        offered.iter().any(|line| line.contains("AUTH PLAIN LOGIN")) && !offered.iter().any(|line| line.contains("STARTTLS")),
        "{offered:?}"
    );
    client.follow(
        "C: STARTTLS
         S: 503
         C: MAIL FROM:<a@b.example>
         S: 250
         C: RCPT TO:<kari@a.example>
         S: 250
         C: DATA
         S: 354
         {letter 1}
         S: 250",
    );
    assert_eq!(stage.ledger().len(), 1);
}

#[test]
fn what_was_smuggled_in_behind_starttls_is_not_obeyed() {
    let stage = Stage::new();
    let client = stage.talk("S: 220\nC: EHLO hub.example\nS: 250\nC| STARTTLS\\r\\nNOOP\\r\\n\nS: 220");
    let mut client = encrypt(&stage, client.0.into_inner(), "127.0.0.1");
    client.follow("C: EHLO hub.example\nS: 250 AUTH");
}

#[test]
fn tls_from_the_first_byte() {
    let stage = Stage::new();
    let stream = TcpStream::connect(stage.sandbox().smtps().unwrap()).unwrap();
    encrypt(&stage, stream, "127.0.0.1").follow("S: 220\nC: EHLO hub.example\nS: 250\nC: QUIT\nS: 221");
}
