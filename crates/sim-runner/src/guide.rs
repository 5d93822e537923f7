#![doc = include_str!("../../../docs/memory.md")]
