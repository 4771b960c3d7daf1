-- What takes more than one statement. In READ COMMITTED each statement of a function sees what was
-- committed before it began, so a row that was locked by one statement is read as it is by the
-- next; within a single statement the other tables would still be as old as the statement.
--
-- Locks are taken in one order: the run, its steps by key, then the rest.

CREATE FUNCTION complete_step(
    a_namespace text, a_run_id uuid, a_step_key text, a_status text, a_output text, a_error text,
    a_now timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    latest integer;
BEGIN
    UPDATE flow_steps s
    SET status = a_status, output_json = a_output, error_message = a_error, completed_at = a_now
    WHERE s.namespace = a_namespace AND s.run_id = a_run_id AND s.step_key = a_step_key
        AND NOT s.is_reset
    RETURNING s.attempt_count INTO latest;
    UPDATE flow_step_attempts a
    SET status = a_status, output_json = a_output, error_message = a_error, completed_at = a_now
    WHERE a.namespace = a_namespace AND a.run_id = a_run_id AND a.step_key = a_step_key
        AND a.attempt = latest;
END
$$;

CREATE FUNCTION retry_step(a_namespace text, a_run_id uuid, a_step_key text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE flow_runs r SET status = 'running', completed_at = NULL
    WHERE r.namespace = a_namespace AND r.id = a_run_id;
    UPDATE flow_steps s
    SET status = 'running', output_json = NULL, error_message = NULL, completed_at = NULL,
        evaluation_trace_json = NULL
    WHERE s.namespace = a_namespace AND s.run_id = a_run_id AND s.step_key = a_step_key
        AND NOT s.is_reset;
    DELETE FROM flow_step_claims c
    WHERE c.namespace = a_namespace AND c.run_id = a_run_id AND c.step_key = a_step_key;
    DELETE FROM flow_step_dispatches d
    WHERE d.namespace = a_namespace AND d.run_id = a_run_id AND d.step_key = a_step_key;
END
$$;

-- Resets those of the steps that are skipped with exactly this reason.
CREATE FUNCTION reset_steps(a_namespace text, a_run_id uuid, a_step_keys text[], a_reason text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    matching text[];
BEGIN
    SELECT array_agg(locked.step_key) INTO matching FROM (
        SELECT s.step_key FROM flow_steps s
        WHERE s.namespace = a_namespace AND s.run_id = a_run_id AND s.step_key = ANY (a_step_keys)
            AND NOT s.is_reset AND s.status = 'skipped' AND s.error_message = a_reason
        ORDER BY s.step_key
        FOR UPDATE
    ) locked;
    UPDATE flow_steps s
    SET is_reset = true, output_json = NULL, error_message = NULL, evaluation_trace_json = NULL
    WHERE s.namespace = a_namespace AND s.run_id = a_run_id AND s.step_key = ANY (matching);
    DELETE FROM flow_step_claims c
    WHERE c.namespace = a_namespace AND c.run_id = a_run_id AND c.step_key = ANY (matching);
    DELETE FROM flow_step_dispatches d
    WHERE d.namespace = a_namespace AND d.run_id = a_run_id AND d.step_key = ANY (matching);
END
$$;

-- Which waiter a signal goes to depends on all waiters of the run, also on those that are being
-- registered; so whoever changes one holds this until the end of the transaction.
CREATE FUNCTION lock_waiters(a_namespace text, a_run_id uuid)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended(a_namespace || ' ' || a_run_id, 0));
END
$$;

CREATE FUNCTION register_waiter(
    a_namespace text, a_run_id uuid, a_step_key text, a_signal_name text, a_expires_at timestamptz,
    a_now timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lock_waiters(a_namespace, a_run_id);
    INSERT INTO flow_signal_waiters
        (namespace, run_id, step_key, signal_name, created_at, expires_at)
    VALUES (a_namespace, a_run_id, a_step_key, a_signal_name, a_now, a_expires_at)
    ON CONFLICT (namespace, run_id, step_key) DO UPDATE
    SET signal_name = EXCLUDED.signal_name, expires_at = EXCLUDED.expires_at;
END
$$;

CREATE FUNCTION remove_waiter(a_namespace text, a_run_id uuid, a_step_key text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lock_waiters(a_namespace, a_run_id);
    DELETE FROM flow_signal_waiters w
    WHERE w.namespace = a_namespace AND w.run_id = a_run_id AND w.step_key = a_step_key;
END
$$;

-- Answers the waiter's key and when it was delivered, and whether this call did it; no row when
-- nobody waits for that name.
CREATE FUNCTION deliver_signal(
    a_namespace text, a_run_id uuid, a_signal_name text, a_payload text, a_now timestamptz
) RETURNS TABLE (is_new boolean, delivered_key text, delivered timestamptz) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lock_waiters(a_namespace, a_run_id);
    LOOP
        SELECT w.step_key, w.delivered_at INTO delivered_key, delivered
        FROM flow_signal_waiters w
        WHERE w.namespace = a_namespace AND w.run_id = a_run_id AND w.signal_name = a_signal_name
        ORDER BY w.delivered_at IS NOT NULL, w.created_at, w.step_key
        LIMIT 1;
        EXIT WHEN NOT FOUND;
        is_new := delivered IS NULL;
        IF is_new THEN
            UPDATE flow_signal_waiters w SET delivered_at = a_now, payload_json = a_payload
            WHERE w.namespace = a_namespace AND w.run_id = a_run_id AND w.step_key = delivered_key;
            -- Retention does not take the lock, and may have removed the waiter.
            CONTINUE WHEN NOT FOUND;
            delivered := a_now;
        END IF;
        RETURN NEXT;
        EXIT;
    END LOOP;
END
$$;

-- Removes what belongs to runs, the run rows aside. With each step go exactly its own attempts:
-- those of a step that starts meanwhile stay with it.
CREATE FUNCTION remove_of_runs(a_namespace text, a_run_ids uuid[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    gone_runs uuid[];
    gone_keys text[];
BEGIN
    WITH gone AS (
        DELETE FROM flow_steps s WHERE s.namespace = a_namespace AND s.run_id = ANY (a_run_ids)
        RETURNING s.run_id, s.step_key
    )
    SELECT array_agg(gone.run_id), array_agg(gone.step_key) INTO gone_runs, gone_keys FROM gone;
    DELETE FROM flow_step_attempts a USING unnest(gone_runs, gone_keys) AS gone (run_id, step_key)
    WHERE a.namespace = a_namespace AND a.run_id = gone.run_id AND a.step_key = gone.step_key;
    DELETE FROM flow_outputs o WHERE o.namespace = a_namespace AND o.run_id = ANY (a_run_ids);
    DELETE FROM flow_step_dispatches d
    WHERE d.namespace = a_namespace AND d.run_id = ANY (a_run_ids);
    DELETE FROM flow_step_claims c WHERE c.namespace = a_namespace AND c.run_id = ANY (a_run_ids);
    DELETE FROM flow_run_controls c WHERE c.namespace = a_namespace AND c.run_id = ANY (a_run_ids);
    DELETE FROM flow_idempotency_keys k
    WHERE k.namespace = a_namespace AND k.run_id = ANY (a_run_ids);
    DELETE FROM flow_event_sequences e
    WHERE e.namespace = a_namespace AND e.run_id = ANY (a_run_ids);
    DELETE FROM flow_events e WHERE e.namespace = a_namespace AND e.run_id = ANY (a_run_ids);
    DELETE FROM flow_signal_waiters w
    WHERE w.namespace = a_namespace AND w.run_id = ANY (a_run_ids);
END
$$;

-- Removes some of the runs that completed before the cutoff, and answers whether there are more.
-- It waits for runs that somebody else is changing: skipping one could leave it for ever.
CREATE FUNCTION remove_completed_runs(a_namespace text, a_cutoff timestamptz, a_limit integer)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    old_runs uuid[];
BEGIN
    SELECT array_agg(locked.id) INTO old_runs FROM (
        SELECT r.id FROM flow_runs r
        WHERE r.namespace = a_namespace AND r.completed_at < a_cutoff
        ORDER BY r.completed_at, r.id
        LIMIT a_limit
        FOR UPDATE
    ) locked;
    IF old_runs IS NOT NULL THEN
        DELETE FROM flow_runs r WHERE r.namespace = a_namespace AND r.id = ANY (old_runs);
        PERFORM remove_of_runs(a_namespace, old_runs);
    END IF;
    RETURN EXISTS (
        SELECT 1 FROM flow_runs r WHERE r.namespace = a_namespace AND r.completed_at < a_cutoff
    );
END
$$;

CREATE FUNCTION remove_namespace(a_namespace text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    gone_runs uuid[];
    gone_keys text[];
BEGIN
    DELETE FROM flow_runs r WHERE r.namespace = a_namespace;
    WITH gone AS (
        DELETE FROM flow_steps s WHERE s.namespace = a_namespace RETURNING s.run_id, s.step_key
    )
    SELECT array_agg(gone.run_id), array_agg(gone.step_key) INTO gone_runs, gone_keys FROM gone;
    DELETE FROM flow_step_attempts a USING unnest(gone_runs, gone_keys) AS gone (run_id, step_key)
    WHERE a.namespace = a_namespace AND a.run_id = gone.run_id AND a.step_key = gone.step_key;
    DELETE FROM flow_outputs o WHERE o.namespace = a_namespace;
    DELETE FROM flow_step_dispatches d WHERE d.namespace = a_namespace;
    DELETE FROM flow_step_claims c WHERE c.namespace = a_namespace;
    DELETE FROM flow_run_controls c WHERE c.namespace = a_namespace;
    DELETE FROM flow_idempotency_keys k WHERE k.namespace = a_namespace;
    DELETE FROM flow_event_sequences e WHERE e.namespace = a_namespace;
    DELETE FROM flow_events e WHERE e.namespace = a_namespace;
    DELETE FROM flow_signal_waiters w WHERE w.namespace = a_namespace;
    DELETE FROM flow_schedule_states s WHERE s.namespace = a_namespace;
    DELETE FROM webhook_replay_nonces n WHERE n.namespace = a_namespace;
    DELETE FROM webhook_rejections w WHERE w.namespace = a_namespace;
    DELETE FROM flow_definitions f WHERE f.namespace = a_namespace;
END
$$;
