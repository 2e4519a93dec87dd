//! UBL read and written: own documents, faults, and the round trip of generated invoices.

use kvitt_formats::ubl;
use kvitt_rules::arena::Limits;
use proptest::prelude::*;

use crate::strategies::invoice;

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_as_the_same_invoice(invoice in invoice()) {
        let written = ubl::write(&invoice);
        let read = ubl::read(&written, &Limits::default());
        prop_assert_eq!(read.as_ref(), Ok(&invoice), "{}", String::from_utf8_lossy(&written));
        prop_assert_eq!(ubl::write(&read.expect("it was read")), written);
    }
}
