use std::collections::BTreeMap;

use crate::specification::OperationOf;
use crate::{Budget, History, Specification, Verdict, spend};

/// What became of a history that was judged key by key. A history is linearizable exactly if each
/// of its parts is (Herlihy and Wing, theorem 1), as long as no operation touches two keys.
#[derive(Clone, Debug)]
pub struct Parts<K, S: Specification> {
    /// The keys in ascending order, each with its verdict, up to the first violation: nothing worse
    /// could follow. Places in a verdict count among the operations of that key.
    pub judged: Vec<(K, Verdict<S>)>,
    /// Keys that were not judged because of a violation.
    pub skipped: usize,
    /// The answered operations of the parts that are linearizable. With none of them a pass says
    /// nothing.
    pub answered: usize,
}

impl<K, S: Specification> Parts<K, S> {
    /// The first violation if there is one; else the first that is unknown; else none: every part
    /// is linearizable.
    pub fn worst(&self) -> Option<&(K, Verdict<S>)> {
        let find = |is: fn(&Verdict<S>) -> bool| self.judged.iter().find(|part| is(&part.1));
        find(|verdict| matches!(verdict, Verdict::Violation(_)))
            .or_else(|| find(|verdict| matches!(verdict, Verdict::Unknown)))
    }
}

/// Judges the operations of each key on their own, with one budget for all of them. The
/// specification of a part may depend on its key and operations.
pub fn check_by_key<K: Ord + Clone, S: Specification>(
    history: &History<S>,
    key: impl Fn(&S::Call) -> K,
    spec: impl Fn(&K, &History<S>) -> S,
    mut budget: Budget,
) -> Parts<K, S> {
    let mut parts: BTreeMap<K, Vec<OperationOf<S>>> = BTreeMap::new();
    for operation in history {
        parts.entry(key(&operation.call)).or_default().push(operation.clone());
    }
    let count = parts.len();
    let mut result = Parts { judged: Vec::new(), skipped: 0, answered: 0 };
    for (key, part) in parts {
        let verdict = spend(&spec(&key, &part), &part, &mut budget);
        if let Verdict::Linearizable { answered, .. } = verdict {
            result.answered += answered;
        }
        let is_violation = matches!(verdict, Verdict::Violation(_));
        result.judged.push((key, verdict));
        if is_violation {
            break;
        }
    }
    result.skipped = count - result.judged.len();
    result
}
