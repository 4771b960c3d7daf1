use clap::CommandFactory as _;

use crate::args::{Cli, Completions};
use crate::failure::Failure;
use crate::output;

pub(crate) fn run(args: &Completions) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "plimsoll", &mut script);
    output::print(&String::from_utf8_lossy(&script));
    Ok(0)
}
