mod arbitrary;
mod cut;
mod round_trip;

pub(crate) use arbitrary::environment;
