//! The one integration binary.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on should stop with the reason"
)]

mod alerting;
mod cards;
mod commands;
mod demo;
mod doors;
mod following;
mod house;
mod keeping;
mod living;
mod manual;
mod reading;
mod revocation;
mod scanning;
mod service;
mod support;
mod telling;
mod texts;
mod troubles;
