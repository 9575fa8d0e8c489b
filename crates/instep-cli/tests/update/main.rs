//! `instep update`, against a device that is updated by the real HTTP, and against one that follows a script.

mod call;
mod connection;
mod outcome;
mod password;
mod refusal;
mod script;
mod undecided;
