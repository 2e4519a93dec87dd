//! What an invoice, a delivery and a payment are, and what may happen to them.
