//! The pages of runs, filtered and searched.

use std::sync::Arc;

use plimsoll_contract::{Answer, FlowId, FlowRunPage, RunStatus};
use plimsoll_sql::{IdSearch, Limits, run_search, statuses_with};
use sqlx::{QueryBuilder, Sqlite};

use crate::database::{Open, Select, all};
use crate::rows::{PageRow, records};

/// The id in lower case, with its hyphens.
const ID: &str = "substr(hex(id), 1, 8) || '-' || substr(hex(id), 9, 4) || '-'
     || substr(hex(id), 13, 4) || '-' || substr(hex(id), 17, 4) || '-' || substr(hex(id), 21)";

/// The fields of a run, beside its id and status.
const RUN_FIELDS: [&str; 3] = ["flow_name", "trigger_key", "background_job_id"];

/// The fields of an attempt. Steps have nothing to find that their attempts lack.
const ATTEMPT_FIELDS: [&str; 3] = ["step_key", "error_message", "output_json"];

/// Which runs to answer; the conditions are ANDed.
pub(crate) struct Filter {
    flow_id: Option<FlowId>,
    status: Option<RunStatus>,
    /// In ASCII lower case.
    search: Option<String>,
}

impl Filter {
    pub(crate) fn new(
        flow_id: Option<FlowId>,
        status: Option<RunStatus>,
        search: Option<&str>,
    ) -> Self {
        Self { flow_id, status, search: run_search(search) }
    }

    /// A page and its total, of one moment: of one statement.
    pub(crate) async fn page(self, open: &Open, limits: Limits) -> Answer<FlowRunPage> {
        // A search looks at runs once, and not once more for the total; without one, an index
        // counts.
        let mut page = open.builder(match &self.search {
            Some(text) if !trigrams(text).is_empty() => {
                "WITH matching AS MATERIALIZED (SELECT number, started_at, id FROM flow_runs
                 WHERE +namespace = "
            }
            Some(_) => {
                "WITH matching AS MATERIALIZED (SELECT number, started_at, id FROM flow_runs
                 WHERE namespace = "
            }
            None => {
                "WITH matching AS NOT MATERIALIZED (SELECT number, started_at, id FROM flow_runs
                 WHERE namespace = "
            }
        });
        self.restrict(&mut page, &open.opened.namespace);
        page.push(
            ") SELECT total.total_count, run.*
             FROM (SELECT count(*) AS total_count FROM matching) AS total
             LEFT JOIN (SELECT * FROM matching ORDER BY started_at DESC, id LIMIT ",
        )
        .push_bind(limits.take)
        .push(" OFFSET ")
        .push_bind(limits.skip)
        .push(
            ") AS listed
             LEFT JOIN flow_runs AS run ON run.number = listed.number
             ORDER BY listed.started_at DESC, listed.id",
        );
        let (database, open) = (Arc::clone(&open.database), open.clone());
        let read = database.read(move |connection| {
            Box::pin(
                async move { all::<PageRow>(connection, Select::of(open.built(&mut page))).await },
            )
        });
        let rows = read.await?;
        let total_count = rows.first().map_or(0, |row| row.total_count.cast_unsigned());
        let items = rows.into_iter().filter_map(|row| row.run).collect();
        Ok(FlowRunPage { items: records(items)?, total_count })
    }

    fn restrict(&self, builder: &mut QueryBuilder<Sqlite>, namespace: &str) {
        // Where the words say which runs to look at, no other index is to be used.
        let found = self.search.as_deref().map(trigrams).filter(|words| !words.is_empty());
        let plus = if found.is_some() { "+" } else { "" };
        if let Some(flow_id) = self.flow_id {
            builder.push(format_args!(" AND {plus}flow_id = ")).push_bind(flow_id.0);
        }
        if let Some(status) = self.status {
            builder.push(format_args!(" AND {plus}status = ")).push_bind(status.name());
        }
        let Some(text) = &self.search else { return };
        if let Some(words) = found {
            push_candidates(builder, namespace, text, words);
        }
        builder.push(" AND (");
        push_finds(builder, &RUN_FIELDS, text);
        for status in statuses_with(text) {
            builder.push(" OR status = ").push_bind(status);
        }
        if IdSearch::of(text) != IdSearch::Nowhere {
            builder.push(" OR ");
            push_finds(builder, &[ID], text);
        }
        builder.push(
            " OR EXISTS (SELECT 1 FROM flow_step_attempts AS attempt
              WHERE attempt.namespace = flow_runs.namespace AND attempt.run_id = flow_runs.id
                  AND (",
        );
        push_finds(builder, &ATTEMPT_FIELDS, text);
        builder.push(")))");
    }
}

/// The runs that may hold the text: those whose words have all of its trigrams, those whose words
/// are not known, and those whose status or id holds it.
fn push_candidates(builder: &mut QueryBuilder<Sqlite>, namespace: &str, text: &str, words: String) {
    builder
        .push(" AND number IN (SELECT rowid FROM flow_run_words WHERE flow_run_words MATCH ")
        .push_bind(words)
        .push(" UNION SELECT number FROM flow_runs_unread");
    for status in statuses_with(text) {
        builder
            .push(" UNION SELECT number FROM flow_runs WHERE namespace = ")
            .push_bind(namespace.to_owned())
            .push(" AND status = ")
            .push_bind(status);
    }
    match IdSearch::of(text) {
        IdSearch::Nowhere => {}
        IdSearch::Within(first, last) => {
            builder
                .push(" UNION SELECT number FROM flow_runs WHERE namespace = ")
                .push_bind(namespace.to_owned())
                .push(" AND id BETWEEN ")
                .push_bind(first)
                .push(" AND ")
                .push_bind(last);
        }
        IdSearch::Anywhere => {
            builder
                .push(" UNION SELECT number FROM flow_runs WHERE namespace = ")
                .push_bind(namespace.to_owned())
                .push(" AND instr(hex(id), ")
                .push_bind(text.replace('-', "").to_ascii_uppercase())
                .push(") > 0");
        }
    }
    builder.push(")");
}

/// How many trigrams of a text are looked for at the most: more would hardly leave out more runs.
const TRIGRAMS: usize = 24;

/// The text's trigrams, spread over it, as a query of FTS5; empty for a text that has none. FTS5
/// skips U+0000, and so do these.
fn trigrams(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let windows: Vec<_> = characters.windows(3).filter(|three| !three.contains(&'\0')).collect();
    let step = windows.len().div_ceil(TRIGRAMS).max(1);
    let quoted = windows.into_iter().step_by(step).map(|three| {
        let three: String = three.iter().collect();
        format!("\"{}\"", three.replace('"', "\"\""))
    });
    quoted.collect::<Vec<_>>().join(" AND ")
}

/// Whether one of the fields holds the text, which is in ASCII lower case. SQLite's `lower` folds
/// ASCII alone, and `instr` takes every character as it is.
pub(crate) fn push_finds(builder: &mut QueryBuilder<Sqlite>, fields: &[&str], text: &str) {
    for (place, field) in fields.iter().enumerate() {
        builder
            .push(if place > 0 { " OR " } else { "" })
            .push(format_args!("instr(lower({field}), "))
            .push_bind(text)
            .push(") > 0");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_looked_for_by_its_trigrams() {
        assert_eq!(trigrams("a\"b_"), "\"a\"\"b\" AND \"\"\"b_\"");
        assert_eq!(trigrams("ab"), "");
        assert_eq!(trigrams("äöü"), "\"äöü\"");
        assert_eq!(trigrams("ab\0cd\0efg"), "\"efg\"");
        assert_eq!(trigrams(&"x".repeat(1_000)).matches(" AND ").count(), 23);
    }
}
