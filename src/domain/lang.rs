//! The languages a user can be answered in.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

use super::offer::{UnknownWord, spelled};

spelled! {
    /// French first.
    Lang, "language" {
        /// French.
        Fr = "fr",
        /// English.
        En = "en",
    }
}
