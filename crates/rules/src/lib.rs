//! The guarded XML arena, and the dated rule sets that judge it.
