-- Every table begins with the namespace, so that one statement a table discards it. There are no
-- foreign keys: rows of a run may exist without the run. Ids are the 16 bytes of the UUID, instants
-- are microseconds since 1970, statuses are the names of their WIT cases.

CREATE TABLE flow_definitions (
    namespace TEXT NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    manifest_json TEXT,
    is_enabled INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (namespace, id)
) STRICT;

CREATE TABLE flow_runs (
    namespace TEXT NOT NULL,
    id BLOB NOT NULL,
    flow_id BLOB NOT NULL,
    flow_name TEXT NOT NULL,
    status TEXT NOT NULL,
    trigger_key TEXT NOT NULL,
    trigger_data_json TEXT,
    background_job_id TEXT,
    started_at INTEGER NOT NULL,
    completed_at INTEGER,
    source_run_id BLOB,
    PRIMARY KEY (namespace, id)
) STRICT;

CREATE INDEX flow_runs_by_start ON flow_runs (namespace, started_at DESC, id);
CREATE INDEX flow_runs_by_flow ON flow_runs (namespace, flow_id, started_at DESC, id);
-- The runs that are running are found here too.
CREATE INDEX flow_runs_by_status ON flow_runs (namespace, status, started_at DESC, id);
CREATE INDEX flow_runs_by_completion ON flow_runs (namespace, completed_at, status)
    WHERE completed_at IS NOT NULL;
CREATE INDEX flow_runs_by_source ON flow_runs (namespace, source_run_id, started_at DESC, id)
    WHERE source_run_id IS NOT NULL;

-- What a step shows besides this is what its latest attempt holds; output and error only while
-- completed_at is there, because a retry clears them on the step alone.
CREATE TABLE flow_steps (
    namespace TEXT NOT NULL,
    run_id BLOB NOT NULL,
    step_key TEXT NOT NULL,
    -- Null after a reset: there is no step, but the attempts are kept and counted on.
    status TEXT,
    attempt_count INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    completed_at INTEGER,
    evaluation_trace_json TEXT,
    PRIMARY KEY (namespace, run_id, step_key)
) STRICT;

CREATE TABLE flow_step_attempts (
    namespace TEXT NOT NULL,
    run_id BLOB NOT NULL,
    step_key TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    step_type TEXT NOT NULL,
    status TEXT NOT NULL,
    input_json TEXT,
    output_json TEXT,
    error_message TEXT,
    job_id TEXT,
    started_at INTEGER NOT NULL,
    completed_at INTEGER,
    evaluation_trace_json TEXT,
    PRIMARY KEY (namespace, run_id, step_key, attempt)
) STRICT;

-- The kind keeps a step key from meaning another slot; the step key of a trigger slot is empty.
CREATE TABLE flow_outputs (
    namespace TEXT NOT NULL,
    run_id BLOB NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('output', 'input', 'trigger-data', 'trigger-headers')),
    step_key TEXT NOT NULL,
    value_json TEXT NOT NULL,
    PRIMARY KEY (namespace, run_id, kind, step_key)
) STRICT;

CREATE TABLE flow_step_dispatches (
    namespace TEXT NOT NULL,
    run_id BLOB NOT NULL,
    step_key TEXT NOT NULL,
    job_id TEXT,
    PRIMARY KEY (namespace, run_id, step_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE flow_step_claims (
    namespace TEXT NOT NULL,
    run_id BLOB NOT NULL,
    step_key TEXT NOT NULL,
    PRIMARY KEY (namespace, run_id, step_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE flow_run_controls (
    namespace TEXT NOT NULL,
    run_id BLOB NOT NULL,
    flow_id BLOB NOT NULL,
    trigger_key TEXT NOT NULL,
    idempotency_key TEXT,
    created_at INTEGER NOT NULL,
    timeout_at INTEGER,
    cancel_requested INTEGER NOT NULL,
    cancel_reason TEXT,
    cancel_requested_at INTEGER,
    timed_out_at INTEGER,
    PRIMARY KEY (namespace, run_id)
) STRICT;

-- Both texts are trimmed and in ASCII lower case.
CREATE TABLE flow_idempotency_keys (
    namespace TEXT NOT NULL,
    flow_id BLOB NOT NULL,
    trigger_key TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    run_id BLOB NOT NULL,
    PRIMARY KEY (namespace, flow_id, trigger_key, idempotency_key)
) STRICT, WITHOUT ROWID;

CREATE INDEX flow_idempotency_keys_by_run ON flow_idempotency_keys (namespace, run_id);

CREATE TABLE flow_events (
    namespace TEXT NOT NULL,
    run_id BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    timestamp INTEGER NOT NULL,
    event_type TEXT NOT NULL,
    step_key TEXT,
    message TEXT,
    PRIMARY KEY (namespace, run_id, sequence)
) STRICT;

CREATE TABLE flow_signal_waiters (
    namespace TEXT NOT NULL,
    run_id BLOB NOT NULL,
    step_key TEXT NOT NULL,
    signal_name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    delivered_at INTEGER,
    payload_json TEXT,
    PRIMARY KEY (namespace, run_id, step_key)
) STRICT;

CREATE TABLE flow_schedule_states (
    namespace TEXT NOT NULL,
    job_id TEXT NOT NULL,
    flow_id BLOB NOT NULL,
    flow_name TEXT NOT NULL,
    trigger_key TEXT NOT NULL,
    is_paused INTEGER NOT NULL,
    cron_override TEXT,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (namespace, job_id)
) STRICT;

CREATE TABLE webhook_replay_nonces (
    namespace TEXT NOT NULL,
    flow_id BLOB NOT NULL,
    trigger_key TEXT NOT NULL,
    nonce TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (namespace, flow_id, trigger_key, nonce)
) STRICT, WITHOUT ROWID;

CREATE INDEX webhook_replay_nonces_by_expiry ON webhook_replay_nonces (namespace, expires_at);

CREATE TABLE webhook_rejections (
    namespace TEXT NOT NULL,
    id INTEGER NOT NULL,
    flow_id BLOB,
    trigger_key TEXT,
    received_at INTEGER NOT NULL,
    remote_ip TEXT,
    reason TEXT NOT NULL,
    status_code INTEGER NOT NULL,
    -- The 64 bits of an unsigned number.
    body_bytes INTEGER NOT NULL,
    body_truncated TEXT,
    headers_json TEXT,
    scheme TEXT,
    -- The 64 bits of a double: SQLite would turn NaN into null, and -0.0 into 0.
    processing_ms_bits INTEGER,
    is_accepted INTEGER NOT NULL,
    PRIMARY KEY (namespace, id)
) STRICT;

CREATE INDEX webhook_rejections_by_receipt ON webhook_rejections (namespace, received_at);
CREATE INDEX webhook_rejections_by_flow ON webhook_rejections (namespace, flow_id, id);
