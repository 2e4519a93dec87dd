//! The counterparties that the sandbox plays: each a pure function of what it is asked, what it remembers, the
//! faults in force and the time. Sockets and files are in `fronts/`.

pub mod mail;
