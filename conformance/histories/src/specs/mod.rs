//! What the contract promises about single objects, as specifications. Each is of one key: see
//! [`check_by_key`](crate::check_by_key).

pub mod attempts;
pub mod first_value;
pub mod latches;
pub mod log;
pub mod nonces;
pub mod once;
pub mod register;
pub mod waiters;

/// The state alone if the answer is right in it, else nothing.
fn only_if<T: Clone>(is_right: bool, state: &T) -> Vec<T> {
    if is_right { vec![state.clone()] } else { Vec::new() }
}
