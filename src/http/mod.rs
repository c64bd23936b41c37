//! The local API, the pages, metrics, authentication.
