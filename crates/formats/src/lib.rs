//! Bytes to domain and back: UBL, containers, metadata.
