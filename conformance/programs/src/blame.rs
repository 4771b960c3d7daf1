use plimsoll_contract::Interface;
use crate::{Call, Kind};
pub(crate) fn clauses(_w:&[Call], _i:Interface, _f:&str, _k:Kind, _e:&str, _g:&str) -> Vec<&'static str> { Vec::new() }
