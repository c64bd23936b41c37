//! The texts users read, French first, from Fluent files.
