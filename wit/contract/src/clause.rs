//! The promises of the contract, read from the WIT: its doc comments are their only source.
//!
//! A clause reads `- RUN-2 MUST: text`, then `Why: reason`, in the doc comment of the function
//! that it governs, or of the interface where it governs all.

use std::fmt;
use std::sync::LazyLock;

use crate::Interface;
use crate::wit::{self, WitFile};

/// How strong a promise is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// Breaking it fails a backend.
    Must,
    /// Breaking it is a warning.
    Should,
    /// Recorded without judgement.
    Trait,
}

impl Level {
    /// The word in the WIT.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::Trait => "TRAIT",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Must, Self::Should, Self::Trait].into_iter().find(|level| level.word() == word)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// One promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// For example `RUN-2`; never used again for another promise.
    pub id: String,
    /// How strong it is.
    pub level: Level,
    /// What is promised.
    pub text: String,
    /// What goes wrong without it.
    pub why: String,
    /// The interface that promises it.
    pub interface: Interface,
    /// The function that it governs; none if it governs all.
    pub function: Option<String>,
    /// The file, from the root of the repository.
    pub path: &'static str,
    /// The line on which it begins, from 1.
    pub line: usize,
}

impl Clause {
    /// The clause with this id.
    ///
    /// ```
    /// use plimsoll_contract::{Clause, Level};
    ///
    /// let clause = Clause::find("RUN-2").expect("the contract has it");
    /// assert_eq!(clause.level, Level::Must);
    /// assert_eq!(clause.function.as_deref(), Some("start-run"));
    /// ```
    #[must_use]
    pub fn find(id: &str) -> Option<&'static Self> {
        all().iter().find(|clause| clause.id == id)
    }

    /// Its file and line, for example `wit/run-store.wit:31`.
    #[must_use]
    pub fn place(&self) -> String {
        format!("{}:{}", self.path, self.line)
    }
}

/// A function of the contract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// The interface that declares it.
    pub interface: Interface,
    /// Its name in the WIT.
    pub name: String,
}

/// Every clause, in the order of the interfaces and of their files.
#[must_use]
pub fn all() -> &'static [Clause] {
    &CONTRACT.clauses
}

/// Every function, in the order of the interfaces and of their files.
#[must_use]
pub fn functions() -> &'static [Function] {
    &CONTRACT.functions
}

static CONTRACT: LazyLock<Contract> = LazyLock::new(|| {
    let mut contract = Contract::default();
    for interface in Interface::ALL {
        if let Some(file) = wit::file_of(interface) {
            contract.read(interface, file);
        }
    }
    contract
});

#[derive(Default)]
struct Contract {
    clauses: Vec<Clause>,
    functions: Vec<Function>,
    /// Whether the line before belongs to the last clause.
    in_clause: bool,
}

impl Contract {
    fn read(&mut self, interface: Interface, file: &WitFile) {
        // The first clause of the comment that is being read.
        let mut first = self.clauses.len();
        for (index, line) in file.text.lines().enumerate() {
            let line = line.trim();
            if let Some(comment) = line.strip_prefix("///") {
                self.read_comment(comment.trim(), interface, file.path, index + 1);
                continue;
            }
            if let Some((name, _)) = line.split_once(": func(") {
                for clause in &mut self.clauses[first..] {
                    clause.function = Some(name.to_owned());
                }
                self.functions.push(Function { interface, name: name.to_owned() });
            }
            self.in_clause = false;
            first = self.clauses.len();
        }
    }

    fn read_comment(
        &mut self,
        comment: &str,
        interface: Interface,
        path: &'static str,
        line: usize,
    ) {
        if let Some((id, level, text)) = clause_head(comment, interface) {
            self.in_clause = true;
            self.clauses.push(Clause {
                id: id.to_owned(),
                level,
                text: text.to_owned(),
                why: String::new(),
                interface,
                function: None,
                path,
                line,
            });
        } else if comment.is_empty() {
            self.in_clause = false;
        } else if let (true, Some(clause)) = (self.in_clause, self.clauses.last_mut()) {
            match comment.strip_prefix("Why: ") {
                Some(why) => why.clone_into(&mut clause.why),
                None if clause.why.is_empty() => clause.text = format!("{} {comment}", clause.text),
                None => clause.why = format!("{} {comment}", clause.why),
            }
        }
    }
}

/// Reads `- RUN-2 MUST: text`.
fn clause_head(comment: &str, interface: Interface) -> Option<(&str, Level, &str)> {
    let (head, text) = comment.strip_prefix("- ")?.split_once(": ")?;
    let (id, level) = head.split_once(' ')?;
    let number = id.strip_prefix(interface.clause_prefix())?.strip_prefix('-')?;
    number.parse::<u32>().ok()?;
    Some((id, Level::from_word(level)?, text))
}
