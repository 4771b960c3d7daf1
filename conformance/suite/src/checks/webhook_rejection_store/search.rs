//! The search of the webhook log.

use plimsoll_contract::Interface::WebhookRejectionStore;
use plimsoll_contract::WebhookRejection;

use super::{owned, search, write, write_reasons};
use crate::{Check, Outcome, Trial};

pub(in crate::checks) const CHECKS: &[Check] = &[
    Check {
        id: "webhook-rejection-store/search-misses-field",
        clauses: &["WEBHOOK-13"],
        goal: "A row is looked for by reason, trigger key and address, in the other case.",
        usual_cause: "a field is not searched, or the text is compared as it is",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(search_misses_field(t)),
    },
    Check {
        id: "webhook-rejection-store/search-takes-wildcards",
        clauses: &["WEBHOOK-13"],
        goal: "Reasons with % _ \\ and [ are looked for; each finds its own row alone.",
        usual_cause: "the text goes into a LIKE without being escaped; backslash and bracket are \
                      the ones that are forgotten",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(search_takes_wildcards(t)),
    },
    Check {
        id: "webhook-rejection-store/search-trips-over-absent-field",
        clauses: &["WEBHOOK-13"],
        goal: "A row without trigger key and address stands beside one that matches.",
        usual_cause: "an absent field fails the search, or matches every text",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(search_trips_over_absent_field(t)),
    },
    Check {
        id: "webhook-rejection-store/blank-search-ignored",
        clauses: &["WEBHOOK-14"],
        goal: "An empty search finds everything, a blank one what holds a blank.",
        usual_cause: "the search text is trimmed, or an empty one is searched",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(blank_search_ignored(t)),
    },
    Check {
        id: "webhook-rejection-store/search-spans-fields",
        clauses: &["WEBHOOK-13"],
        goal: "The end of one field and the start of another are looked for as one text.",
        usual_cause: "the fields are joined into one text, and that is searched",
        uses: &[WebhookRejectionStore],
        run: |t| Box::pin(search_spans_fields(t)),
    },
];

async fn search_misses_field(t: &Trial) -> Outcome {
    write_reasons(t, &["other"]).await?;
    let row = WebhookRejection {
        trigger_key: Some("Refunds".to_owned()),
        remote_ip: Some("2001:DB8::7".to_owned()),
        ..t.a_rejection("Signature_Invalid")
    };
    write(t, &row).await?;
    for text in ["signature_inv", "REFUND", "2001:db8"] {
        let found = search(t, text).await?;
        t.expect(&format!("`{text}` finds the row"), &found, &owned(&["Signature_Invalid"]));
    }
    Ok(())
}

async fn search_takes_wildcards(t: &Trial) -> Outcome {
    let specials = ["a%b", "a_b", "a\\b", "a[b]", "a.b", "a*b"];
    write_reasons(t, &specials).await?;
    write_reasons(t, &["axb", "ab"]).await?;
    for text in specials {
        let found = search(t, text).await?;
        t.expect(&format!("`{text}` finds itself alone"), &found, &owned(&[text]));
    }
    for special in ["%", "_", "\\", "["] {
        let found = search(t, special).await?.len();
        t.expect(&format!("`{special}` finds one row"), &found, &1);
    }
    Ok(())
}

async fn search_trips_over_absent_field(t: &Trial) -> Outcome {
    let absent = WebhookRejection { trigger_key: None, remote_ip: None, ..t.a_rejection("absent") };
    write(t, &absent).await?;
    write_reasons(t, &["present"]).await?;
    t.expect("an absent field does not match", &search(t, "192.0.2").await?, &owned(&["present"]));
    t.expect("its row can be found", &search(t, "abs").await?, &owned(&["absent"]));
    Ok(())
}

async fn blank_search_ignored(t: &Trial) -> Outcome {
    write_reasons(t, &["bad signature", "replay"]).await?;
    let empty = search(t, "").await?;
    t.expect("an empty search is none", &empty, &owned(&["replay", "bad signature"]));
    t.expect("a blank is searched", &search(t, " ").await?, &owned(&["bad signature"]));
    t.expect("a blank at the end counts", &search(t, "bad ").await?, &owned(&["bad signature"]));
    t.expect("and does not match without", &search(t, "replay ").await?, &Vec::new());
    Ok(())
}

async fn search_spans_fields(t: &Trial) -> Outcome {
    let row = WebhookRejection {
        trigger_key: Some("orders".to_owned()),
        remote_ip: Some("192.0.2.7".to_owned()),
        ..t.a_rejection("replay")
    };
    write(t, &row).await?;
    for text in spanning(&["replay", "orders", "192.0.2.7"]) {
        t.expect(&format!("{text:?} is in no field"), &search(t, &text).await?, &Vec::new());
    }
    Ok(())
}

/// Texts that lie across two of these fields, with what a store may put in between.
pub(in crate::checks) fn spanning(fields: &[&str]) -> Vec<String> {
    let mut texts = Vec::new();
    for (place, first) in fields.iter().enumerate() {
        let end = &first[first.len() - 3..];
        for (other, second) in fields.iter().enumerate() {
            if place != other {
                let start = &second[..3];
                texts.extend(["", " ", "\n"].map(|between| format!("{end}{between}{start}")));
            }
        }
    }
    texts
}
