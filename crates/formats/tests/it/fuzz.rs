//! Bytes of every kind: nothing panics. Short in an ordinary run; `cargo bolero test` runs them for long.

use kvitt_formats::ubl;
use kvitt_rules::arena::Limits;

/// Small enough that a run of many inputs stays short.
const SMALL: Limits = Limits {
    bytes: 1 << 16,
    depth: 32,
    elements: 2_000,
    attributes: 16,
    text: 1 << 14,
};

#[test]
fn the_ubl_reader_takes_any_bytes() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let _ = ubl::read(bytes, &SMALL);
    });
}

/// Chance seldom makes XML: here it only breaks a real document, a few bytes at a time.
#[test]
fn the_ubl_reader_takes_any_damaged_invoice() {
    const INVOICE: &[u8] = include_bytes!("../data/invoice_consumer_kid.xml");
    bolero::check!()
        .with_type::<Vec<(u16, u8)>>()
        .for_each(|damages| {
            let mut bytes = INVOICE.to_vec();
            for (at, byte) in damages.iter().take(8) {
                let at = usize::from(*at) % bytes.len();
                bytes[at] = *byte;
            }
            if let Ok(invoice) = ubl::read(&bytes, &SMALL) {
                assert_eq!(
                    ubl::read(&ubl::write(&invoice), &Limits::default()).as_ref(),
                    Ok(&invoice)
                );
            }
        });
}
