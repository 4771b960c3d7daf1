-- What keeps the dashboard and retention fast beside a long history.

-- With what timeseries and statistics read at their ends, so that they leave the table alone.
DROP INDEX flow_runs_by_start;
CREATE INDEX flow_runs_by_start ON flow_runs (namespace, started_at DESC, id)
    INCLUDE (completed_at, status);
DROP INDEX flow_runs_by_flow;
CREATE INDEX flow_runs_by_flow ON flow_runs (namespace, flow_id, started_at DESC, id)
    INCLUDE (completed_at, status);
DROP INDEX flow_runs_by_completion;
CREATE INDEX flow_runs_by_completion ON flow_runs (namespace, completed_at, id) INCLUDE (status)
    WHERE completed_at IS NOT NULL;

-- Indexes for searches, where the extension pg_trgm is there or can be made; without it they read
-- every row and find the same. Whoever installs it later calls this once, as the owner of the
-- tables.
CREATE FUNCTION index_searches() RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    place text;
BEGIN
    -- Rather not among the tables, with which it would go, and with it the indexes of others.
    FOREACH place IN ARRAY ARRAY['public', current_schema()::text] LOOP
        BEGIN
            EXECUTE format('CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA %I', place);
            EXIT;
        EXCEPTION WHEN OTHERS THEN
            -- It is not installed, it is not allowed, or somebody else is making it.
            RAISE NOTICE 'pg_trgm cannot be made in %: %', place, SQLERRM;
        END;
    END LOOP;
    SELECT min(n.nspname) INTO place
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm';
    IF place IS NULL OR NOT has_schema_privilege(place, 'USAGE') THEN
        RETURN false;
    END IF;
    -- One text a row makes a smaller index than one a column; ids, which share nothing, would make
    -- it three times as large. What waits to be sorted in stays little: one writer sorts it.
    EXECUTE format(
        'CREATE INDEX IF NOT EXISTS flow_runs_by_text ON flow_runs USING gin ('
        '    lower(flow_name || chr(10) || trigger_key || chr(10)'
        '        || COALESCE(background_job_id, '''')) %I.gin_trgm_ops'
        ') WITH (gin_pending_list_limit = 512)', place);
    EXECUTE format(
        'CREATE INDEX IF NOT EXISTS flow_step_attempts_by_text ON flow_step_attempts USING gin ('
        '    lower(step_key || chr(10) || COALESCE(error_message, '''') || chr(10)'
        '        || COALESCE(output_json, '''')) %I.gin_trgm_ops'
        ') WITH (gin_pending_list_limit = 512)', place);
    RETURN true;
END
$$;

SELECT index_searches();

-- Removes some of the runs that completed before the cutoff, the oldest first, and answers when
-- the last of them completed; nothing when there are none. The next batch begins there, so that it
-- need not pass what the ones before have left of the index.
-- It waits for runs that somebody else is changing: skipping one could leave it for ever.
DROP FUNCTION remove_completed_runs;
CREATE FUNCTION remove_completed_runs(
    a_namespace text, a_from timestamptz, a_cutoff timestamptz, a_limit integer
) RETURNS timestamptz LANGUAGE plpgsql AS $$
DECLARE
    old_runs uuid[];
    latest timestamptz;
BEGIN
    SELECT array_agg(locked.id), max(locked.completed_at) INTO old_runs, latest FROM (
        SELECT r.id, r.completed_at FROM flow_runs r
        WHERE r.namespace = a_namespace AND r.completed_at < a_cutoff
            AND r.completed_at >= COALESCE(a_from, '-infinity')
        ORDER BY r.completed_at, r.id
        LIMIT a_limit
        FOR UPDATE
    ) locked;
    IF old_runs IS NOT NULL THEN
        DELETE FROM flow_runs r WHERE r.namespace = a_namespace AND r.id = ANY (old_runs);
        PERFORM remove_of_runs(a_namespace, old_runs);
    END IF;
    RETURN latest;
END
$$;
