//! Simulated counterparties over real protocols.
