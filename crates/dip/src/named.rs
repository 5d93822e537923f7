//! Options that take one of some names: a shell completes them, and the help lists them.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, TypedValueParser};
use clap::error::Error;
use clap::{Arg, Command};

/// A parser of values, and the names that it takes. What it says of others stays its own.
#[derive(Clone)]
pub(crate) struct Named<P> {
    parser: P,
    names: Vec<&'static str>,
}

/// `parser` takes these `names`.
pub(crate) fn named<P>(parser: P, names: impl IntoIterator<Item = &'static str>) -> Named<P> {
    Named { parser, names: names.into_iter().collect() }
}

impl<P: TypedValueParser> TypedValueParser for Named<P> {
    type Value = P::Value;

    fn parse_ref(
        &self,
        command: &Command,
        option: Option<&Arg>,
        value: &OsStr,
    ) -> Result<P::Value, Error> {
        self.parser.parse_ref(command, option, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(self.names.iter().map(PossibleValue::new)))
    }
}
