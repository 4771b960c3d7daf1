-- What keeps the dashboard fast beside a long history.

-- A run gets a number, which a search finds it by. A rowid would not do: VACUUM gives new ones.
CREATE TABLE numbered_runs (
    number INTEGER PRIMARY KEY,
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
    UNIQUE (namespace, id)
) STRICT;

INSERT INTO numbered_runs
    (namespace, id, flow_id, flow_name, status, trigger_key, trigger_data_json, background_job_id,
     started_at, completed_at, source_run_id)
SELECT namespace, id, flow_id, flow_name, status, trigger_key, trigger_data_json,
    background_job_id, started_at, completed_at, source_run_id
FROM flow_runs ORDER BY rowid;

DROP TABLE flow_runs;
ALTER TABLE numbered_runs RENAME TO flow_runs;

-- With what timeseries read at their ends, so that they leave the table alone.
CREATE INDEX flow_runs_by_start
    ON flow_runs (namespace, started_at DESC, id, completed_at, status);
CREATE INDEX flow_runs_by_flow
    ON flow_runs (namespace, flow_id, started_at DESC, id, completed_at, status);
-- The runs that are running are found here too.
CREATE INDEX flow_runs_by_status ON flow_runs (namespace, status, started_at DESC, id);
CREATE INDEX flow_runs_by_completion ON flow_runs (namespace, completed_at, status)
    WHERE completed_at IS NOT NULL;
CREATE INDEX flow_runs_by_source ON flow_runs (namespace, source_run_id, started_at DESC, id)
    WHERE source_run_id IS NOT NULL;

-- The words of runs that are over, by every three characters in a row: enough to leave most runs
-- out of a search, which then looks at the rest themselves. What is here may be old or too much.
CREATE VIRTUAL TABLE flow_run_words USING fts5 (
    words, tokenize = 'trigram', detail = none, content = '', contentless_delete = 1
);

-- The runs that flow_run_words lacks, or has as they were. A search looks at each of them.
CREATE TABLE flow_runs_unread (
    number INTEGER PRIMARY KEY,
    is_over INTEGER NOT NULL
) STRICT;

CREATE INDEX flow_runs_to_read ON flow_runs_unread (number) WHERE is_over;

INSERT INTO flow_runs_unread SELECT number, completed_at IS NOT NULL FROM flow_runs;

CREATE TRIGGER flow_run_began AFTER INSERT ON flow_runs BEGIN
    INSERT INTO flow_runs_unread VALUES (new.number, new.completed_at IS NOT NULL);
END;

CREATE TRIGGER flow_run_ended AFTER UPDATE OF completed_at ON flow_runs BEGIN
    INSERT INTO flow_runs_unread VALUES (new.number, new.completed_at IS NOT NULL)
    ON CONFLICT DO UPDATE SET is_over = excluded.is_over;
END;

CREATE TRIGGER flow_run_removed AFTER DELETE ON flow_runs BEGIN
    DELETE FROM flow_runs_unread WHERE number = old.number;
    DELETE FROM flow_run_words WHERE rowid = old.number;
END;

CREATE TRIGGER flow_step_began AFTER INSERT ON flow_step_attempts BEGIN
    INSERT OR IGNORE INTO flow_runs_unread
    SELECT number, completed_at IS NOT NULL FROM flow_runs
    WHERE namespace = new.namespace AND id = new.run_id;
END;

CREATE TRIGGER flow_step_ended AFTER UPDATE OF output_json, error_message ON flow_step_attempts
BEGIN
    INSERT OR IGNORE INTO flow_runs_unread
    SELECT number, completed_at IS NOT NULL FROM flow_runs
    WHERE namespace = new.namespace AND id = new.run_id;
END;

-- What a search can find in a run, its id and status aside.
CREATE VIEW flow_run_texts AS
SELECT run.number, run.flow_name || char(10) || run.trigger_key || char(10)
    || coalesce(run.background_job_id, '') || char(10) || coalesce(
        (SELECT group_concat(attempt.step_key || char(10) || coalesce(attempt.error_message, '')
            || char(10) || coalesce(attempt.output_json, ''), char(10))
         FROM flow_step_attempts AS attempt
         WHERE attempt.namespace = run.namespace AND attempt.run_id = run.id), '') AS words
FROM flow_runs AS run;
