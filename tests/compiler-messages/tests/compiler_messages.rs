//! What the compiler says of mistakes in an application, compared with the `.stderr` file beside each case.
//!
//! After a change of messages or of the toolchain, `TRYBUILD=overwrite cargo test -p compiler-messages` writes these files anew; read
//! the difference. One run compiles all cases, because each run checks the crates under test again.

#[test]
fn mistakes_are_explained() {
    let cases = trybuild::TestCases::new();
    cases.pass("cases/right.rs");
    cases.compile_fail("cases/*/*.rs");
}
