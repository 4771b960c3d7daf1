//! The generated half of the border: every exported interface of the contract, and no import.
//!
//! The world is the host's own. A component need not fill it: each interface is looked up by
//! itself, see [`crate::plugin`].
#![allow(missing_docs, unreachable_pub, unsafe_code, clippy::all, reason = "generated")]
#![allow(clippy::wildcard_imports, clippy::large_futures, reason = "generated")]

macro_rules! bind_exports {
    ($($options:tt)*) => {
        wasmtime::component::bindgen!({
            path: "../wit",
            inline: "
                package plimsoll:host;

                world everything {
                    export flow:storage/backend@0.1.0;
                    export flow:storage/flow-store@0.1.0;
                    export flow:storage/run-store@0.1.0;
                    export flow:storage/run-runtime-store@0.1.0;
                    export flow:storage/run-control-store@0.1.0;
                    export flow:storage/retention-store@0.1.0;
                    export flow:storage/event-reader@0.1.0;
                    export flow:storage/signal-store@0.1.0;
                    export flow:storage/schedule-state-store@0.1.0;
                    export flow:storage/outputs-repository@0.1.0;
                    export flow:storage/flow-repository@0.1.0;
                    export flow:storage/webhook-rejection-store@0.1.0;
                    export flow:storage/webhook-replay-store@0.1.0;
                }
            ",
            world: "plimsoll:host/everything",
            $($options)*
        });
    };
}

bind_exports!(exports: { default: async },);

/// The same functions, called on the caller's own thread. The shared records are those of above.
pub mod direct {
    bind_exports!(with: { "flow:storage/types": super::flow::storage::types },);
}

/// What a guest may import besides WASI's own: key-value stores.
pub mod key_value {
    wasmtime::component::bindgen!({
        path: "../wit/deps/keyvalue",
        inline: "
            package plimsoll:host;

            world key-value {
                import wasi:keyvalue/store@0.2.0-draft2;
                import wasi:keyvalue/atomics@0.2.0-draft2;
                import wasi:keyvalue/batch@0.2.0-draft2;
            }
        ",
        world: "plimsoll:host/key-value",
        imports: { default: async | trappable },
        with: {
            "wasi:keyvalue/store.bucket": crate::keyvalue::Bucket,
            "wasi:keyvalue/atomics.cas": crate::keyvalue::Cas,
        },
    });
}
