//! What to say to each counterparty, and what its answers mean.
