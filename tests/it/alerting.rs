//! Alerts from end to end: the engine inside the process, with a clock of the test's own and channels that do as they are told; and the
//! real daemon, killed, asked through its doors, and beside another one.

mod clock_jumps;
mod crash;
mod doors;
mod faketime;
mod lost_channels;
mod one_sender;
mod outbox;
mod watch;
mod who;
