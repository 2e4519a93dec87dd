//! The product: intake, jobs, storage, network.
