-- One schema holds every namespace: its name is the first column of every key.
--
-- COLLATE "C" compares bytes, and folds ASCII letters only. No table refers to another: what
-- belongs to a run may be there before the run, and without it.

CREATE TABLE flow_definitions (
    namespace text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    manifest_json text COLLATE "C",
    is_enabled boolean NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (namespace, id)
);

CREATE TABLE flow_runs (
    namespace text COLLATE "C" NOT NULL,
    id uuid NOT NULL,
    flow_id uuid NOT NULL,
    flow_name text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    trigger_key text COLLATE "C" NOT NULL,
    trigger_data_json text COLLATE "C",
    background_job_id text COLLATE "C",
    started_at timestamptz NOT NULL,
    completed_at timestamptz,
    source_run_id uuid,
    PRIMARY KEY (namespace, id)
);

CREATE INDEX flow_runs_by_start ON flow_runs (namespace, started_at DESC, id);
CREATE INDEX flow_runs_by_flow ON flow_runs (namespace, flow_id, started_at DESC, id);
-- Active runs are found by it too.
CREATE INDEX flow_runs_by_status ON flow_runs (namespace, status, started_at DESC, id);
CREATE INDEX flow_runs_by_completion ON flow_runs (namespace, completed_at, id)
    WHERE completed_at IS NOT NULL;
CREATE INDEX flow_runs_by_source ON flow_runs (namespace, source_run_id, started_at DESC, id)
    WHERE source_run_id IS NOT NULL;

-- The row of a step that was reset stays, so that its attempts go on counting (RUN-69).
CREATE TABLE flow_steps (
    namespace text COLLATE "C" NOT NULL,
    run_id uuid NOT NULL,
    step_key text COLLATE "C" NOT NULL,
    is_reset boolean NOT NULL DEFAULT false,
    attempt_count integer NOT NULL,
    step_type text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    input_json text COLLATE "C",
    output_json text COLLATE "C",
    error_message text COLLATE "C",
    job_id text COLLATE "C",
    started_at timestamptz NOT NULL,
    completed_at timestamptz,
    evaluation_trace_json text COLLATE "C",
    PRIMARY KEY (namespace, run_id, step_key)
);

CREATE TABLE flow_step_attempts (
    namespace text COLLATE "C" NOT NULL,
    run_id uuid NOT NULL,
    step_key text COLLATE "C" NOT NULL,
    attempt integer NOT NULL,
    step_type text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    input_json text COLLATE "C",
    output_json text COLLATE "C",
    error_message text COLLATE "C",
    job_id text COLLATE "C",
    started_at timestamptz NOT NULL,
    completed_at timestamptz,
    evaluation_trace_json text COLLATE "C",
    PRIMARY KEY (namespace, run_id, step_key, attempt)
);

-- `kind` is output, input, trigger-data or trigger-headers; the last two have an empty step key.
CREATE TABLE flow_outputs (
    namespace text COLLATE "C" NOT NULL,
    run_id uuid NOT NULL,
    kind text COLLATE "C" NOT NULL,
    step_key text COLLATE "C" NOT NULL,
    value_json text COLLATE "C" NOT NULL,
    PRIMARY KEY (namespace, run_id, kind, step_key)
);

CREATE TABLE flow_step_dispatches (
    namespace text COLLATE "C" NOT NULL,
    run_id uuid NOT NULL,
    step_key text COLLATE "C" NOT NULL,
    dispatched_at timestamptz NOT NULL,
    job_id text COLLATE "C",
    PRIMARY KEY (namespace, run_id, step_key)
);

CREATE TABLE flow_step_claims (
    namespace text COLLATE "C" NOT NULL,
    run_id uuid NOT NULL,
    step_key text COLLATE "C" NOT NULL,
    claimed_at timestamptz NOT NULL,
    PRIMARY KEY (namespace, run_id, step_key)
);

CREATE TABLE flow_run_controls (
    namespace text COLLATE "C" NOT NULL,
    run_id uuid NOT NULL,
    flow_id uuid NOT NULL,
    trigger_key text COLLATE "C" NOT NULL,
    idempotency_key text COLLATE "C",
    created_at timestamptz NOT NULL,
    timeout_at timestamptz,
    cancel_requested boolean NOT NULL DEFAULT false,
    cancel_reason text COLLATE "C",
    cancel_requested_at timestamptz,
    timed_out_at timestamptz,
    PRIMARY KEY (namespace, run_id)
);

-- Both texts are folded; the control record has them as they were given.
CREATE TABLE flow_idempotency_keys (
    namespace text COLLATE "C" NOT NULL,
    flow_id uuid NOT NULL,
    trigger_key text COLLATE "C" NOT NULL,
    idempotency_key text COLLATE "C" NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (namespace, flow_id, trigger_key, idempotency_key)
);

CREATE INDEX flow_idempotency_keys_by_run ON flow_idempotency_keys (namespace, run_id);

-- The last sequence of a run. Its lock is held until the event is committed, so that events show
-- in the order of their sequence (EVENT-5).
CREATE TABLE flow_event_sequences (
    namespace text COLLATE "C" NOT NULL,
    run_id uuid NOT NULL,
    last bigint NOT NULL,
    PRIMARY KEY (namespace, run_id)
);

CREATE TABLE flow_events (
    namespace text COLLATE "C" NOT NULL,
    run_id uuid NOT NULL,
    sequence bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    event_type text COLLATE "C" NOT NULL,
    step_key text COLLATE "C",
    message text COLLATE "C",
    PRIMARY KEY (namespace, run_id, sequence)
);

CREATE TABLE flow_signal_waiters (
    namespace text COLLATE "C" NOT NULL,
    run_id uuid NOT NULL,
    step_key text COLLATE "C" NOT NULL,
    signal_name text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    delivered_at timestamptz,
    payload_json text COLLATE "C",
    PRIMARY KEY (namespace, run_id, step_key)
);

CREATE INDEX flow_signal_waiters_by_name ON flow_signal_waiters (namespace, run_id, signal_name);

CREATE TABLE flow_schedule_states (
    namespace text COLLATE "C" NOT NULL,
    job_id text COLLATE "C" NOT NULL,
    flow_id uuid NOT NULL,
    flow_name text COLLATE "C" NOT NULL,
    trigger_key text COLLATE "C" NOT NULL,
    is_paused boolean NOT NULL,
    cron_override text COLLATE "C",
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (namespace, job_id)
);

CREATE TABLE webhook_replay_nonces (
    namespace text COLLATE "C" NOT NULL,
    flow_id uuid NOT NULL,
    trigger_key text COLLATE "C" NOT NULL,
    nonce text COLLATE "C" NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (namespace, flow_id, trigger_key, nonce)
);

CREATE INDEX webhook_replay_nonces_by_expiry ON webhook_replay_nonces (namespace, expires_at);

-- Ids are of one sequence for all namespaces: a writer never waits for another one's commit.
CREATE TABLE webhook_rejections (
    namespace text COLLATE "C" NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    flow_id uuid,
    trigger_key text COLLATE "C",
    received_at timestamptz NOT NULL,
    remote_ip text COLLATE "C",
    reason text COLLATE "C" NOT NULL,
    status_code integer NOT NULL,
    body_bytes bigint NOT NULL,
    body_truncated text COLLATE "C",
    headers_json text COLLATE "C",
    scheme text COLLATE "C",
    processing_ms double precision,
    is_accepted boolean NOT NULL,
    PRIMARY KEY (namespace, id)
);

CREATE INDEX webhook_rejections_by_receipt ON webhook_rejections (namespace, received_at);
