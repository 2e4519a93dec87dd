//! The PDF as a reader, an archive and a print shop meet it.

mod samples;
