//! Mutants of the lists of rows.

use plimsoll_contract::{
    Answer, FlowId, Page, WebhookRejection, WebhookRejectionPage, WebhookRejectionQuery,
};
use plimsoll_model::{Model, Spec, WebhookRejectionStore};

use super::seen_as;
use crate::broken::{models, webhook_rejection_store};
use crate::{Mutant, racy};

pub(crate) const MUTANTS: &[Mutant] = &[
    Mutant {
        id: "webhook-rejection-store/ordered-by-received-at",
        clause: "WEBHOOK-5",
        how: "orders rows by received-at",
        dies: &[("webhook-rejection-store/ordered-by-received-at", "query-recent: the last")],
        backend: webhook_rejection_store::<OrderedByReceivedAt>,
    },
    Mutant {
        id: "webhook-rejection-store/oldest-row-first",
        clause: "WEBHOOK-5",
        how: "lists rows in the order of writing",
        dies: &[
            ("webhook-rejection-store/ordered-by-received-at", "query-recent: the last"),
            ("webhook-rejection-store/ordered-by-received-at", "query: likewise"),
        ],
        backend: webhook_rejection_store::<OldestRowFirst>,
    },
    Mutant {
        id: "webhook-rejection-store/flow-is-no-filter",
        clause: "WEBHOOK-6",
        how: "lists the rows of all flows whatever the flow",
        dies: &[
            ("webhook-rejection-store/flow-filter-wrong", "with a flow only its rows"),
            ("webhook-rejection-store/flow-filter-wrong", "query: likewise"),
        ],
        backend: webhook_rejection_store::<FlowIsNoFilter>,
    },
    Mutant {
        id: "webhook-rejection-store/hides-rows-of-no-flow",
        clause: "WEBHOOK-6",
        how: "loses the rows of no flow in a comparison with null",
        dies: &[("webhook-rejection-store/flow-filter-wrong", "without one all rows")],
        backend: webhook_rejection_store::<HidesRowsOfNoFlow>,
    },
    Mutant {
        id: "webhook-rejection-store/reason-is-exact",
        clause: "WEBHOOK-7",
        how: "compares reasons with their case",
        dies: &[
            (
                "webhook-rejection-store/reason-filter-wrong",
                "query-recent with \"signature_invalid\"",
            ),
            ("webhook-rejection-store/reason-filter-wrong", "query with \"signature_invalid\""),
        ],
        backend: webhook_rejection_store::<ReasonIsExact>,
    },
    Mutant {
        id: "webhook-rejection-store/reason-is-searched",
        clause: "WEBHOOK-7",
        how: "finds a reason by a part of it",
        dies: &[("webhook-rejection-store/reason-filter-wrong", "query with \"Signature\"")],
        backend: webhook_rejection_store::<ReasonIsSearched>,
    },
    Mutant {
        id: "webhook-rejection-store/reason-is-a-pattern",
        clause: "WEBHOOK-7",
        how: "takes % in a reason for any text",
        dies: &[("webhook-rejection-store/reason-filter-wrong", "query with \"%\"")],
        backend: webhook_rejection_store::<ReasonIsAPattern>,
    },
    Mutant {
        id: "webhook-rejection-store/empty-reason-filters",
        clause: "WEBHOOK-7",
        how: "lists rows without a reason when the reason is empty",
        dies: &[("webhook-rejection-store/reason-filter-wrong", "query with \"\"")],
        backend: webhook_rejection_store::<EmptyReasonFilters>,
    },
    Mutant {
        id: "webhook-rejection-store/trims-the-reason",
        clause: "WEBHOOK-7",
        how: "removes the blanks around the reason that it looks for",
        dies: &[
            ("webhook-rejection-store/reason-filter-wrong", "query with \" \""),
            ("webhook-rejection-store/reason-filter-wrong", "query with \"replay \""),
        ],
        backend: webhook_rejection_store::<TrimsReason>,
    },
    Mutant {
        id: "webhook-rejection-store/lists-accepted-rows",
        clause: "WEBHOOK-8",
        how: "lists accepted rows whatever it is asked",
        dies: &[("webhook-rejection-store/accepted-row-listed", "without accepted ones")],
        backend: webhook_rejection_store::<ListsAccepted>,
    },
    Mutant {
        id: "webhook-rejection-store/recent-rows-are-rejections",
        clause: "WEBHOOK-8",
        how: "never lists accepted rows in query-recent",
        dies: &[("webhook-rejection-store/accepted-row-listed", "with them")],
        backend: webhook_rejection_store::<RecentAreRejections>,
    },
    Mutant {
        id: "webhook-rejection-store/page-has-no-cap",
        clause: "WEBHOOK-9",
        how: "answers as many rows as are asked for",
        dies: &[
            ("webhook-rejection-store/page-size-ignored", "query-recent with {skip: 0, take: 501}"),
            ("webhook-rejection-store/page-size-ignored", "query with {skip: 0, take: 4294967295}"),
        ],
        backend: webhook_rejection_store::<PageHasNoCap>,
    },
    Mutant {
        id: "webhook-rejection-store/default-is-the-cap",
        clause: "WEBHOOK-9",
        how: "answers 500 rows where no number is given",
        dies: &[("webhook-rejection-store/page-size-ignored", "query-recent with {skip: 0}")],
        backend: webhook_rejection_store::<DefaultIsTheCap>,
    },
    Mutant {
        id: "webhook-rejection-store/take-of-zero-is-the-default",
        clause: "BACKEND-13",
        how: "takes a size of 0 for none",
        dies: &[("webhook-rejection-store/page-size-ignored", "query with {skip: 0, take: 0}")],
        backend: webhook_rejection_store::<ZeroIsTheDefault>,
    },
    Mutant {
        id: "webhook-rejection-store/skips-nothing",
        clause: "BACKEND-13",
        how: "answers the first rows whatever is to be left out",
        dies: &[("webhook-rejection-store/page-size-ignored", "query with {skip: 505, take: 10}")],
        backend: webhook_rejection_store::<SkipsNothing>,
    },
    Mutant {
        id: "webhook-rejection-store/search-replaces-the-flow",
        clause: "WEBHOOK-10",
        how: "forgets the flow when there is a search",
        dies: &[
            ("webhook-rejection-store/conditions-not-anded", "that match flow and search"),
            ("webhook-rejection-store/conditions-not-anded", "that match all three"),
        ],
        backend: webhook_rejection_store::<SearchReplacesFlow>,
    },
    Mutant {
        id: "webhook-rejection-store/conditions-are-ored",
        clause: "WEBHOOK-10",
        how: "lists the rows that match the flow or the reason",
        dies: &[("webhook-rejection-store/conditions-not-anded", "that match flow and reason")],
        backend: webhook_rejection_store::<ConditionsAreOred>,
    },
    Mutant {
        id: "webhook-rejection-store/total-is-the-pages",
        clause: "WEBHOOK-11",
        how: "answers the length of the page as the total",
        dies: &[("webhook-rejection-store/total-counts-page", "twelve match")],
        backend: webhook_rejection_store::<TotalIsThePages>,
    },
    Mutant {
        id: "webhook-rejection-store/total-ends-at-the-cap",
        clause: "WEBHOOK-11",
        how: "counts no more matches than a page can hold",
        dies: &[("webhook-rejection-store/page-size-ignored", "total with")],
        backend: webhook_rejection_store::<TotalEndsAtCap>,
    },
    Mutant {
        id: "webhook-rejection-store/search-joins-fields",
        clause: "WEBHOOK-13",
        how: "joins the fields, and searches what comes of it",
        dies: &[("webhook-rejection-store/search-spans-fields", "\"layord\" is in no field")],
        backend: webhook_rejection_store::<SearchJoinsFields>,
    },
    Mutant {
        id: "webhook-rejection-store/total-is-the-logs",
        clause: "WEBHOOK-11",
        how: "answers the length of the log as the total",
        dies: &[("webhook-rejection-store/total-counts-page", "twelve match")],
        backend: webhook_rejection_store::<TotalIsTheLogs>,
    },
    Mutant {
        id: "webhook-rejection-store/neither-is-both",
        clause: "WEBHOOK-12",
        how: "takes neither accepted nor rejected for both",
        dies: &[
            ("webhook-rejection-store/includes-ignored", "accepted false, rejected false"),
            ("webhook-rejection-store/includes-ignored", "the total agrees"),
        ],
        backend: webhook_rejection_store::<NeitherIsBoth>,
    },
    Mutant {
        id: "webhook-rejection-store/rejections-come-always",
        clause: "WEBHOOK-12",
        how: "lists rejected rows whatever it is asked",
        dies: &[("webhook-rejection-store/includes-ignored", "accepted true, rejected false")],
        backend: webhook_rejection_store::<RejectionsComeAlways>,
    },
    Mutant {
        id: "webhook-rejection-store/search-leaves-the-address-out",
        clause: "WEBHOOK-13",
        how: "searches reason and trigger key alone",
        dies: &[("webhook-rejection-store/search-misses-field", "`2001:db8` finds the row")],
        backend: webhook_rejection_store::<SearchMissesAddress>,
    },
    Mutant {
        id: "webhook-rejection-store/search-leaves-the-trigger-out",
        clause: "WEBHOOK-13",
        how: "searches reason and remote ip alone",
        dies: &[("webhook-rejection-store/search-misses-field", "`REFUND` finds the row")],
        backend: webhook_rejection_store::<SearchMissesTrigger>,
    },
    Mutant {
        id: "webhook-rejection-store/search-is-exact",
        clause: "WEBHOOK-13",
        how: "searches with case",
        dies: &[("webhook-rejection-store/search-misses-field", "`signature_inv` finds the row")],
        backend: webhook_rejection_store::<SearchIsExact>,
    },
    Mutant {
        id: "webhook-rejection-store/search-takes-wildcards",
        clause: "WEBHOOK-13",
        how: "takes % for any text and _ for any character",
        dies: &[
            ("webhook-rejection-store/search-takes-wildcards", "`a%b` finds itself alone"),
            ("webhook-rejection-store/search-takes-wildcards", "`a_b` finds itself alone"),
            ("webhook-rejection-store/search-takes-wildcards", "`%` finds one row"),
        ],
        backend: webhook_rejection_store::<SearchTakesWildcards>,
    },
    Mutant {
        id: "webhook-rejection-store/search-takes-escapes",
        clause: "WEBHOOK-13",
        how: "takes a backslash for the sign that the next character is literal",
        dies: &[("webhook-rejection-store/search-takes-wildcards", "`a\\b` finds itself alone")],
        backend: webhook_rejection_store::<SearchTakesEscapes>,
    },
    Mutant {
        id: "webhook-rejection-store/absent-field-matches",
        clause: "WEBHOOK-13",
        how: "finds rows without an address by every text",
        dies: &[(
            "webhook-rejection-store/search-trips-over-absent-field",
            "an absent field does not match",
        )],
        backend: webhook_rejection_store::<AbsentFieldMatches>,
    },
    Mutant {
        id: "webhook-rejection-store/absent-field-hides-its-row",
        clause: "WEBHOOK-13",
        how: "finds no row without a trigger key, whatever its reason",
        dies: &[("webhook-rejection-store/search-trips-over-absent-field", "its row can be found")],
        backend: webhook_rejection_store::<AbsentFieldHides>,
    },
    Mutant {
        id: "webhook-rejection-store/trims-the-search",
        clause: "WEBHOOK-14",
        how: "removes the blanks around a search",
        dies: &[
            ("webhook-rejection-store/blank-search-ignored", "a blank is searched"),
            ("webhook-rejection-store/blank-search-ignored", "and does not match without"),
        ],
        backend: webhook_rejection_store::<TrimsSearch>,
    },
    Mutant {
        id: "webhook-rejection-store/empty-search-finds-nothing",
        clause: "WEBHOOK-14",
        how: "finds nothing by an empty text",
        dies: &[("webhook-rejection-store/blank-search-ignored", "an empty search is none")],
        backend: webhook_rejection_store::<EmptySearchFindsNone>,
    },
    Mutant {
        id: "webhook-rejection-store/counts-in-another-query",
        clause: "WEBHOOK-15",
        how: "counts the rows of a page in a second query",
        dies: &[("webhook-rejection-store/total-of-another-moment", "a page that holds all rows")],
        backend: racy::two_queries,
    },
    Mutant {
        id: "webhook-rejection-store/reason-replaces-the-includes",
        clause: "WEBHOOK-10",
        how: "forgets to leave accepted rows out when there is a reason",
        dies: &[(
            "webhook-rejection-store/conditions-not-anded",
            "the rejected rows that match reason",
        )],
        backend: webhook_rejection_store::<ReasonReplacesIncludes>,
    },
    Mutant {
        id: "webhook-rejection-store/reason-folds-beyond-ascii",
        clause: "WEBHOOK-7",
        how: "takes the Kelvin sign in a reason for a k",
        dies: &[("webhook-rejection-store/reason-filter-wrong", "query with")],
        backend: webhook_rejection_store::<ReasonFoldsBeyondAscii>,
    },
];

models! {
    OrderedByReceivedAt OldestRowFirst FlowIsNoFilter HidesRowsOfNoFlow ReasonIsExact
    ReasonIsSearched ReasonIsAPattern EmptyReasonFilters TrimsReason ListsAccepted
    RecentAreRejections PageHasNoCap DefaultIsTheCap ZeroIsTheDefault SkipsNothing
    SearchReplacesFlow ConditionsAreOred TotalIsThePages TotalIsTheLogs NeitherIsBoth
    RejectionsComeAlways SearchMissesAddress SearchMissesTrigger SearchIsExact
    SearchTakesWildcards SearchTakesEscapes AbsentFieldMatches AbsentFieldHides TrimsSearch
    EmptySearchFindsNone TotalEndsAtCap SearchJoinsFields
    ReasonReplacesIncludes
    ReasonFoldsBeyondAscii
}

/// A mutant that breaks `query`, and with it `query-recent`.
trait BreaksQuery: Spec {
    fn ask(&mut self, filter: WebhookRejectionQuery) -> Answer<WebhookRejectionPage>;
}

macro_rules! override_query {
    ($($mutant:ident)*) => {
        $(impl WebhookRejectionStore for $mutant {
            fn query(&mut self, filter: &WebhookRejectionQuery) -> Answer<WebhookRejectionPage> {
                self.ask(filter.clone())
            }
        })*
    };
}

override_query! {
    OrderedByReceivedAt OldestRowFirst FlowIsNoFilter HidesRowsOfNoFlow ReasonIsExact
    ReasonIsSearched ReasonIsAPattern EmptyReasonFilters TrimsReason ListsAccepted PageHasNoCap
    DefaultIsTheCap ZeroIsTheDefault SkipsNothing SearchReplacesFlow ConditionsAreOred
    TotalIsThePages TotalIsTheLogs NeitherIsBoth RejectionsComeAlways SearchMissesAddress
    SearchMissesTrigger SearchIsExact SearchTakesWildcards SearchTakesEscapes AbsentFieldMatches
    AbsentFieldHides TrimsSearch EmptySearchFindsNone
    ReasonReplacesIncludes ReasonFoldsBeyondAscii TotalEndsAtCap SearchJoinsFields
}

type Filter = WebhookRejectionQuery;
type Asked = Answer<WebhookRejectionPage>;

/// Queries the log as if its rows were others, and answers them as they are.
fn query_as(
    model: &mut Model,
    filter: &Filter,
    change: impl FnOnce(&mut Vec<WebhookRejection>),
) -> Asked {
    let mut page = seen_as(model, change, |model| model.query(filter))?;
    let rows = &model.space()?.webhook_rows;
    for item in &mut page.items {
        if let Some(row) = rows.iter().find(|row| row.id == item.id) {
            item.clone_from(row);
        }
    }
    Ok(page)
}

/// Queries the log as if it had only those rows.
fn query_those(
    model: &mut Model,
    filter: &Filter,
    is_there: impl Fn(&WebhookRejection) -> bool,
) -> Asked {
    query_as(model, filter, |rows| rows.retain(is_there))
}

/// The fields that a search looks at.
fn searched(row: &WebhookRejection) -> impl Iterator<Item = &str> {
    let fields = [Some(&row.reason), row.trigger_key.as_ref(), row.remote_ip.as_ref()];
    fields.into_iter().flatten().map(String::as_str)
}

/// Whether a text matches a pattern of SQL's LIKE, case aside.
fn is_like(text: &str, pattern: &str) -> bool {
    fn matches(text: &[u8], pattern: &[u8]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some((b'%', rest)) => (0..=text.len()).any(|start| matches(&text[start..], rest)),
            Some((first, rest)) => text.split_first().is_some_and(|(next, text)| {
                (first == next || *first == b'_') && matches(text, rest)
            }),
        }
    }
    matches(text.to_lowercase().as_bytes(), pattern.to_lowercase().as_bytes())
}

impl BreaksQuery for OrderedByReceivedAt {
    fn ask(&mut self, filter: Filter) -> Asked {
        query_as(&mut self.0, &filter, |rows| rows.sort_by_key(|row| row.received_at))
    }
}

impl BreaksQuery for OldestRowFirst {
    fn ask(&mut self, filter: Filter) -> Asked {
        query_as(&mut self.0, &filter, |rows| rows.reverse())
    }
}

impl BreaksQuery for FlowIsNoFilter {
    fn ask(&mut self, filter: Filter) -> Asked {
        self.0.query(&Filter { flow_id: None, ..filter })
    }
}

impl BreaksQuery for HidesRowsOfNoFlow {
    fn ask(&mut self, filter: Filter) -> Asked {
        query_those(&mut self.0, &filter, |row| row.flow_id.is_some())
    }
}

impl BreaksQuery for ReasonIsExact {
    fn ask(&mut self, filter: Filter) -> Asked {
        let reason = filter.reason.clone().unwrap_or_default();
        query_those(&mut self.0, &filter, |row| reason.is_empty() || row.reason == reason)
    }
}

impl BreaksQuery for ReasonIsSearched {
    fn ask(&mut self, filter: Filter) -> Asked {
        let part = filter.reason.clone().unwrap_or_default().to_lowercase();
        let filter = Filter { reason: None, ..filter };
        query_those(&mut self.0, &filter, |row| row.reason.to_lowercase().contains(&part))
    }
}

impl BreaksQuery for ReasonIsAPattern {
    fn ask(&mut self, filter: Filter) -> Asked {
        let pattern = filter.reason.clone().unwrap_or_default();
        let filter = Filter { reason: None, ..filter };
        query_those(&mut self.0, &filter, |row| {
            pattern.is_empty() || is_like(&row.reason, &pattern)
        })
    }
}

impl BreaksQuery for EmptyReasonFilters {
    fn ask(&mut self, filter: Filter) -> Asked {
        let wants_none = filter.reason.as_deref() == Some("");
        query_those(&mut self.0, &filter, |row| !wants_none || row.reason.is_empty())
    }
}

impl BreaksQuery for TrimsReason {
    fn ask(&mut self, filter: Filter) -> Asked {
        let reason = filter.reason.as_deref().map(|reason| reason.trim().to_owned());
        self.0.query(&Filter { reason, ..filter })
    }
}

impl BreaksQuery for ListsAccepted {
    fn ask(&mut self, filter: Filter) -> Asked {
        self.0.query(&Filter { include_accepted: true, ..filter })
    }
}

impl WebhookRejectionStore for RecentAreRejections {
    fn query_recent(
        &mut self,
        flow_id: Option<FlowId>,
        reason: Option<&str>,
        _include_accepted: bool,
        page: Page,
    ) -> Answer<Vec<WebhookRejection>> {
        self.0.query_recent(flow_id, reason, false, page)
    }
}

impl BreaksQuery for PageHasNoCap {
    fn ask(&mut self, filter: Filter) -> Asked {
        let (page, mut matching) = (filter.page, Vec::new());
        loop {
            let next = Page::new(matching.len() as u32, Page::MAX_WEBHOOK_ROWS);
            let answer = self.0.query(&Filter { page: next, ..filter.clone() })?;
            matching.extend(answer.items);
            if matching.len() as u64 == answer.total_count {
                let items = page.cut(matching, Page::DEFAULT_WEBHOOK_ROWS);
                return Ok(WebhookRejectionPage { items, total_count: answer.total_count });
            }
        }
    }
}

impl BreaksQuery for DefaultIsTheCap {
    fn ask(&mut self, filter: Filter) -> Asked {
        let take = filter.page.take.or(Some(Page::MAX_WEBHOOK_ROWS));
        self.0.query(&Filter { page: Page { take, ..filter.page }, ..filter })
    }
}

impl BreaksQuery for ZeroIsTheDefault {
    fn ask(&mut self, filter: Filter) -> Asked {
        let take = filter.page.take.filter(|take| *take > 0);
        self.0.query(&Filter { page: Page { take, ..filter.page }, ..filter })
    }
}

impl BreaksQuery for SkipsNothing {
    fn ask(&mut self, filter: Filter) -> Asked {
        self.0.query(&Filter { page: Page { skip: 0, ..filter.page }, ..filter })
    }
}

impl BreaksQuery for SearchReplacesFlow {
    fn ask(&mut self, filter: Filter) -> Asked {
        let flow_id = filter.flow_id.filter(|_| filter.search.is_none());
        self.0.query(&Filter { flow_id, ..filter })
    }
}

impl BreaksQuery for ConditionsAreOred {
    fn ask(&mut self, filter: Filter) -> Asked {
        let (Some(flow), Some(reason)) = (filter.flow_id, filter.reason.clone()) else {
            return self.0.query(&filter);
        };
        let filter = Filter { flow_id: None, reason: None, ..filter };
        query_those(&mut self.0, &filter, |row| {
            row.flow_id == Some(flow) || row.reason.eq_ignore_ascii_case(&reason)
        })
    }
}

impl BreaksQuery for TotalIsThePages {
    fn ask(&mut self, filter: Filter) -> Asked {
        let page = self.0.query(&filter)?;
        Ok(WebhookRejectionPage { total_count: page.items.len() as u64, ..page })
    }
}

impl BreaksQuery for TotalEndsAtCap {
    fn ask(&mut self, filter: Filter) -> Asked {
        let page = self.0.query(&filter)?;
        Ok(WebhookRejectionPage { total_count: page.total_count.min(500), ..page })
    }
}

impl BreaksQuery for SearchJoinsFields {
    fn ask(&mut self, filter: Filter) -> Asked {
        let text = filter.search.clone().unwrap_or_default().to_lowercase();
        let filter = Filter { search: None, ..filter };
        query_those(&mut self.0, &filter, |row| {
            searched(row).collect::<String>().to_lowercase().contains(&text)
        })
    }
}

impl BreaksQuery for TotalIsTheLogs {
    fn ask(&mut self, filter: Filter) -> Asked {
        let total_count = self.space()?.webhook_rows.len() as u64;
        Ok(WebhookRejectionPage { total_count, ..self.0.query(&filter)? })
    }
}

impl BreaksQuery for NeitherIsBoth {
    fn ask(&mut self, filter: Filter) -> Asked {
        let is_neither = !filter.include_accepted && !filter.include_rejected;
        let include_accepted = filter.include_accepted || is_neither;
        let include_rejected = filter.include_rejected || is_neither;
        self.0.query(&Filter { include_accepted, include_rejected, ..filter })
    }
}

impl BreaksQuery for RejectionsComeAlways {
    fn ask(&mut self, filter: Filter) -> Asked {
        self.0.query(&Filter { include_rejected: true, ..filter })
    }
}

impl BreaksQuery for SearchMissesAddress {
    fn ask(&mut self, filter: Filter) -> Asked {
        query_as(&mut self.0, &filter, |rows| {
            rows.iter_mut().for_each(|row| row.remote_ip = None);
        })
    }
}

impl BreaksQuery for SearchMissesTrigger {
    fn ask(&mut self, filter: Filter) -> Asked {
        query_as(&mut self.0, &filter, |rows| {
            rows.iter_mut().for_each(|row| row.trigger_key = None);
        })
    }
}

impl BreaksQuery for SearchIsExact {
    fn ask(&mut self, filter: Filter) -> Asked {
        let text = filter.search.clone().unwrap_or_default();
        query_those(&mut self.0, &filter, |row| searched(row).any(|field| field.contains(&text)))
    }
}

impl BreaksQuery for SearchTakesWildcards {
    fn ask(&mut self, filter: Filter) -> Asked {
        let pattern = format!("%{}%", filter.search.clone().unwrap_or_default());
        let filter = Filter { search: None, ..filter };
        query_those(&mut self.0, &filter, |row| searched(row).any(|field| is_like(field, &pattern)))
    }
}

impl BreaksQuery for SearchTakesEscapes {
    fn ask(&mut self, filter: Filter) -> Asked {
        let search = filter.search.as_ref().map(|text| text.replace('\\', ""));
        self.0.query(&Filter { search, ..filter })
    }
}

impl BreaksQuery for AbsentFieldMatches {
    fn ask(&mut self, filter: Filter) -> Asked {
        query_as(&mut self.0, &filter, |rows| {
            let absent = rows.iter_mut().filter(|row| row.remote_ip.is_none());
            absent.for_each(|row| row.remote_ip.clone_from(&filter.search));
        })
    }
}

impl BreaksQuery for AbsentFieldHides {
    fn ask(&mut self, filter: Filter) -> Asked {
        let is_search = filter.search.is_some();
        query_those(&mut self.0, &filter, |row| !is_search || row.trigger_key.is_some())
    }
}

impl BreaksQuery for TrimsSearch {
    fn ask(&mut self, filter: Filter) -> Asked {
        let search = filter.search.as_deref().map(|text| text.trim().to_owned());
        self.0.query(&Filter { search, ..filter })
    }
}

impl BreaksQuery for EmptySearchFindsNone {
    fn ask(&mut self, filter: Filter) -> Asked {
        let is_empty = filter.search.as_deref() == Some("");
        query_those(&mut self.0, &filter, |_| !is_empty)
    }
}

impl BreaksQuery for ReasonReplacesIncludes {
    fn ask(&mut self, filter: Filter) -> Asked {
        let include_accepted = filter.include_accepted || filter.reason.is_some();
        self.0.query(&Filter { include_accepted, ..filter })
    }
}

impl BreaksQuery for ReasonFoldsBeyondAscii {
    fn ask(&mut self, filter: Filter) -> Asked {
        let reason = filter.reason.as_deref().map(str::to_lowercase);
        self.0.query(&Filter { reason, ..filter })
    }
}
