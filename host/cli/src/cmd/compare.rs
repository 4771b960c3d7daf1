use plimsoll_conformance::Comparison;
use plimsoll_conformance::compare::{ReportFile, Unreadable};

use crate::args::Compare;
use crate::failure::Failure;
use crate::output;

/// Always 0: that backends differ is no failure.
pub(crate) fn run(args: &Compare) -> Result<u8, Failure> {
    let files = args.reports.iter().map(|path| ReportFile::read(path));
    let comparison = Comparison::of(&files.collect::<Result<Vec<_>, Unreadable>>()?);
    let json = || comparison.to_json().map_err(|error| Failure::harness(error.to_string()));
    if let Some(folder) = &args.report {
        let html = comparison.to_html().map_err(|error| Failure::harness(error.to_string()))?;
        output::make_folder(folder)?;
        output::write_files(folder, &[("compare.json", json()?), ("compare.html", html)])?;
    }
    if args.json {
        output::print_line(&json()?);
    } else {
        output::print_report(&comparison.to_text());
    }
    Ok(0)
}
