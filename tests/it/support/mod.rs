//! What several test modules need.

<<<<<<< HEAD
pub mod postgres;
=======
pub mod clock;
pub mod made_certificate;
>>>>>>> sources
