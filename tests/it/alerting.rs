//! Alerts from end to end inside the process: the engine with a clock of the test's own and channels that do as they are told.

mod clock_jumps;
mod crash;
mod outbox;
mod watch;
