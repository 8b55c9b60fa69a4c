//! The mocks as a program.

fn main() {}
