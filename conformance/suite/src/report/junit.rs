//! The report as JUnit XML.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report as Junit, TestCase, TestCaseStatus, TestSuite};

use super::{CheckReport, Report, text};
use crate::Verdict;

pub(super) fn report(report: &Report) -> Junit {
    let mut junit = Junit::new(format!("plimsoll {}", report.subject.target));
    junit.set_time(Duration::from_millis(report.duration_ms));
    let mut interfaces: Vec<_> = report.checks.iter().map(|check| check.interface).collect();
    interfaces.dedup();
    for interface in interfaces {
        let mut suite = TestSuite::new(interface);
        let checks = report.checks.iter().filter(|check| check.interface == interface);
        suite.add_test_cases(checks.map(|check| test_case(report, check)));
        junit.add_test_suite(suite);
    }
    junit
}

fn test_case(report: &Report, check: &CheckReport) -> TestCase {
    let mut page = String::new();
    text::page(&mut page, check, &report.subject.target);
    let reason = check.reason.clone().unwrap_or_default();
    let status = match check.verdict {
        Verdict::Passed | Verdict::Warned => TestCaseStatus::success(),
        Verdict::Failed => non_success(NonSuccessKind::Failure, &reason, &page),
        Verdict::HarnessError | Verdict::Unknown | Verdict::NotTestable => {
            non_success(NonSuccessKind::Error, &reason, &page)
        }
        Verdict::Unsupported | Verdict::Skipped | Verdict::KnownFailing => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(reason);
            status
        }
    };
    let mut case = TestCase::new(check.id, status);
    let subject = match report.subject.name.as_str() {
        "" => &report.subject.target,
        name => name,
    };
    case.set_classname(format!("plimsoll.{subject}.{}", check.interface));
    case.set_time(Duration::from_millis(check.duration_ms));
    if check.verdict == Verdict::Warned {
        case.set_system_out(page);
    }
    case
}

fn non_success(kind: NonSuccessKind, reason: &str, page: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(reason).set_description(page);
    status
}
