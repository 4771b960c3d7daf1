//! Floating point numbers in serde as their bits: JSON has no NaN and no infinity, and readers of
//! decimals may be off by the last bit.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub(crate) fn serialize<S: Serializer>(
    number: &Option<f64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    number.map(f64::to_bits).serialize(serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<f64>, D::Error> {
    Ok(Option::<u64>::deserialize(deserializer)?.map(f64::from_bits))
}
