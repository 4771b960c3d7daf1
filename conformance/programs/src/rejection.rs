use plimsoll_contract::WebhookRejection;
use proptest::prelude::{Just, Strategy};
use proptest::sample::select;
use proptest::strategy::SBoxedStrategy;
use proptest::{bool, option, prop_oneof};

use crate::argument::{instants, mostly_first};
use crate::pools::{Pools, START};

/// Rows of the webhook log.
pub(crate) fn rejections(pools: &Pools) -> SBoxedStrategy<WebhookRejection> {
    let place = (
        option::of(select(pools.flows.clone())),
        option::of(mostly_first(&pools.keys)),
        prop_oneof![2 => instants(pools), 1 => Just(START)],
        option::of(select(vec!["192.0.2.7".to_owned(), "2001:DB8::1".to_owned()])),
        mostly_first(&pools.reasons),
    );
    let rest = (
        select(vec![401, 202, 0, u16::MAX]),
        select(vec![12, 0, u64::MAX]),
        option::of(select(pools.texts.clone())),
        option::of(select(pools.jsons.clone())),
        option::of(Just("https".to_owned())),
        option::of(select(vec![0.25, 0.1, 0.0, 123_456.789])),
        bool::weighted(0.3),
    );
    (place, rest)
        .prop_map(|(place, rest)| {
            let (flow_id, trigger_key, received_at, remote_ip, reason) = place;
            let (status_code, body_bytes, body_truncated, headers_json, scheme, ms, accepted) =
                rest;
            WebhookRejection {
                id: 0,
                flow_id,
                trigger_key,
                received_at,
                remote_ip,
                reason,
                status_code,
                body_bytes,
                body_truncated,
                headers_json,
                scheme,
                processing_ms: ms,
                is_accepted: accepted,
            }
        })
        .sboxed()
}
