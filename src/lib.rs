//! Vigie keeps the software certificates and CPx cards of French health structures alive. See `ARCHITECTURE.md`.

// Pure: no I/O, no clock, no runtime.
pub mod domain; // what things are
pub mod pki; // bytes <-> domain; the only place that names a PKI or crypto crate
pub mod policy; // judge a snapshot, one rule per file

// Adapters: one outside world each; never import each other.
pub mod notify; // tell people: email, webhook, hook, calendar
pub mod revocation; // revocation lists on disk
pub mod sources; // find certificates and cards
pub mod store; // SQL and nothing else

// The middle and the doors.
pub mod cli; // one file per subcommand; the composition root
pub mod engine; // gather -> decide -> commit -> act
pub mod http; // the local API, the pages, metrics, authentication

// Leaves.
pub mod clock; // the only place that asks what time it is
pub mod config; // one file per section; load() -> Config, already checked
pub mod locale; // the texts users read, French first
pub mod telemetry; // tracing to the journal or standard error
pub mod tls; // the client side of TLS
