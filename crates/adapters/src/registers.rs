//! The registers that say whether recipients can be reached. Each belongs to a route, which names it.

pub mod yes_to_all;
