//! `plimsoll completions`: what shells complete the command line with.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test may stop")]

use std::process::{Command, Output};

fn completions(shell: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
    command.args(["completions", shell]).output().expect("plimsoll starts")
}

#[test]
fn every_shell_has_its_script() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let output = completions(shell);
        assert_eq!(output.status.code(), Some(0), "{shell}");
        let script = String::from_utf8(output.stdout).unwrap();
        for word in ["certify", "known-failing", "compare"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
    let output = completions("cmd");
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("bash, elvish, fish, powershell, zsh"), "{stderr}");
}

#[cfg(unix)]
#[test]
fn bash_completes_with_it() {
    let script = String::from_utf8(completions("bash").stdout).unwrap();
    let complete = |words: &str, place: usize| {
        let last = words.split(' ').nth(place).unwrap_or_default();
        let before = words.split(' ').nth(place - 1).unwrap_or_default();
        let ask = format!(
            "{script}\nCOMP_WORDS=({words}); COMP_CWORD={place}\n\
             _plimsoll plimsoll '{last}' '{before}'; printf '%s\\n' \"${{COMPREPLY[@]}}\""
        );
        let output = Command::new("bash").args(["--norc", "-c", &ask]).output().expect("bash");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(complete("plimsoll cer", 1), "certify\n");
    assert!(complete("plimsoll certify --re", 2).contains("--report"));
    assert!(complete("plimsoll completions z", 2).contains("zsh"));
}
