//! The command line as a user meets it.

#[test]
fn sessions() {
    trycmd::TestCases::new().case("tests/cli/*.trycmd");
}
