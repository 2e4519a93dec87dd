//! Domain to PDF and HTML.
