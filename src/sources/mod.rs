//! Find certificates and cards. Adapters that never judge: each gives observations and, beside them, what it could not read.
