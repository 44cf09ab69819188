mod arbitrary;
mod cut;
mod round_trip;
