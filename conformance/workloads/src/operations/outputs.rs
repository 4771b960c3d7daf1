use plimsoll_contract::{FlowEvent, Page, SignalDeliveryResult};

use super::{OPERATION, slot_of};
use crate::clock::now;
use crate::trouble::expect;
use crate::workload::{LARGE, NOTHING_LEFT, SMALL, timed};
use crate::{Crowd, Workload};

/// Outputs, events and signals.
pub(super) const ALL: [Workload; 4] = [
    Workload {
        id: "save-output",
        what: "save-step-output of a step that has none",
        payloads: &[SMALL, LARGE],
        crowd: Crowd::Timed,
        unit: |site, turn| {
            Box::pin(async move {
                let (run, key) = slot_of(&site, turn);
                let outputs = site.outputs()?;
                Ok(timed(|| outputs.save_step_output(run, &key, site.json())).await?.0)
            })
        },
        verify: |site, turn| {
            Box::pin(async move {
                let (run, key) = slot_of(&site, turn);
                let output = site.outputs()?.get_step_output(run, &key).await?;
                expect("the output that was saved", &output.as_deref(), &Some(site.json()))
            })
        },
        ..OPERATION
    },
    Workload {
        id: "get-output",
        what: "get-step-output",
        payloads: &[SMALL, LARGE],
        crowd: Crowd::Timed,
        leaves: 0,
        prepare: |site| {
            Box::pin(async move {
                let run = site.prepared_id(0);
                site.outputs()?.save_step_output(run, "charge", site.json()).await?;
                Ok(())
            })
        },
        unit: |site, _| {
            Box::pin(async move {
                let (run, outputs) = (site.prepared_id(0), site.outputs()?);
                let (took, output) = timed(|| outputs.get_step_output(run, "charge")).await?;
                expect("get-step-output", &output.as_deref(), &Some(site.json()))?;
                Ok(took)
            })
        },
        verify: NOTHING_LEFT,
        ..OPERATION
    },
    Workload {
        id: "record-event",
        what: "record-event",
        crowd: Crowd::Timed,
        leaves: 400,
        unit: |site, turn| {
            Box::pin(async move {
                let (run, key) = slot_of(&site, turn);
                let event = FlowEvent {
                    timestamp: now(),
                    event_type: "step-succeeded".to_owned(),
                    step_key: Some(key),
                    message: Some("The card was charged.".to_owned()),
                };
                let outputs = site.outputs()?;
                Ok(timed(|| outputs.record_event(run, &event)).await?.0)
            })
        },
        verify: |site, turn| {
            Box::pin(async move {
                let (run, key) = slot_of(&site, turn);
                let events = site.events()?.get_run_events(run, Page::all()).await?;
                let is_there = events.iter().any(|event| event.step_key.as_ref() == Some(&key));
                expect("the event is in the log", &is_there, &true)
            })
        },
        ..OPERATION
    },
    Workload {
        id: "deliver-signal",
        what: "deliver-signal to a step that waits for it",
        payloads: &[SMALL, LARGE],
        unit: |site, turn| {
            Box::pin(async move {
                let (run, key) = slot_of(&site, turn);
                let signals = site.signals()?;
                signals.register_waiter(run, &key, &key, None).await?;
                let delivering = timed(|| signals.deliver_signal(run, &key, site.json()));
                let (took, delivered) = delivering.await?;
                let is_first = matches!(delivered, SignalDeliveryResult::Delivered(_));
                expect("the signal is delivered", &is_first, &true)?;
                Ok(took)
            })
        },
        verify: |site, turn| {
            Box::pin(async move {
                let (run, key) = slot_of(&site, turn);
                let waiter = site.signals()?.get_waiter(run, &key).await?;
                let payload = waiter.and_then(|waiter| waiter.payload_json);
                expect("what the step got", &payload.as_deref(), &Some(site.json()))
            })
        },
        ..OPERATION
    },
];
