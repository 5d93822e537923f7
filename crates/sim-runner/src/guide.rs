//! The pages of the book that have Rust in them: `cargo test --doc` compiles and runs it.

#[doc = include_str!("../../../docs/memory.md")]
mod memory {}

#[doc = include_str!("../../../docs/tutorials/own-law.md")]
mod own_law {}

#[doc = include_str!("../../../docs/tutorials/memory.md")]
mod memory_in_production {}
