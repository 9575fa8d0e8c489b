//! This crate has only a test, which needs a validator
//! of JSON schemas that no other crate needs.
