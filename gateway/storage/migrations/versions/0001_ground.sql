-- Events are append-only: a sequencer may number one, once; nothing else ever changes.
CREATE FUNCTION gate06_refuse() RETURNS trigger LANGUAGE plpgsql SECURITY INVOKER AS $$
BEGIN
    RAISE EXCEPTION 'events are append-only' USING ERRCODE = 'restrict_violation';
END $$
--;
CREATE TRIGGER event_stays BEFORE DELETE ON event FOR EACH ROW EXECUTE FUNCTION gate06_refuse()
--;
CREATE TRIGGER event_whole BEFORE TRUNCATE ON event FOR EACH STATEMENT EXECUTE FUNCTION gate06_refuse()
--;
CREATE TRIGGER event_unaltered BEFORE UPDATE ON event FOR EACH ROW WHEN (
    OLD.log_index IS NOT NULL OR NEW.log_index IS NULL
    OR ROW(NEW.position, NEW.receipt, NEW.at, NEW.leaf, NEW.subject_tag, NEW.client_id)
        IS DISTINCT FROM ROW(OLD.position, OLD.receipt, OLD.at, OLD.leaf, OLD.subject_tag, OLD.client_id)
) EXECUTE FUNCTION gate06_refuse()
--;
CREATE FUNCTION gate06_commit_version() RETURNS integer LANGUAGE sql IMMUTABLE SECURITY INVOKER AS 'SELECT 1'
--;
-- Runs the steps of one commit and stores its events. A step that loses raises G6001 with [outcome, position,
-- grant] as its message, so that the caller's sub-block undoes what the commit did so far.
-- A step is [verb, kind, key, revoke_on_replay, until, sealed, expires_at, grp, subject, state, version, ordinal].
CREATE FUNCTION gate06_apply(work jsonb, present bigint) RETURNS void LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    step jsonb;
    place integer := 0;
    lost text;
    owner text;
    found_state text;
    found_expiry bigint;
BEGIN
    FOR step IN SELECT value FROM jsonb_array_elements(work->'steps') LOOP
        lost := NULL;
        owner := NULL;
        CASE step->>0
        WHEN 'insert', 'put' THEN
            INSERT INTO record AS r (kind, key, sealed, expires_at, grp, subject, state, version, ordinal)
            VALUES (step->>1, step->>2, decode(step->>5, 'base64'), (step->>6)::bigint, step->>7, step->>8,
                    step->>9, (step->>10)::bigint, (step->>11)::bigint)
            ON CONFLICT (kind, key) DO UPDATE SET sealed = excluded.sealed, expires_at = excluded.expires_at,
                grp = excluded.grp, subject = excluded.subject, version = excluded.version,
                ordinal = excluded.ordinal,
                state = CASE WHEN step->>0 = 'put' AND r.kind = 'grant' AND r.state = 'revoked'
                             THEN 'revoked' ELSE excluded.state END
            WHERE step->>0 = 'put' OR r.expires_at <= present;
            IF NOT FOUND THEN
                lost := 'exists';
            END IF;
        WHEN 'replace' THEN
            UPDATE record r SET sealed = decode(step->>5, 'base64'), expires_at = (step->>6)::bigint,
                grp = step->>7, subject = step->>8, version = (step->>10)::bigint, ordinal = (step->>11)::bigint,
                state = CASE WHEN r.kind = 'grant' AND r.state = 'revoked' THEN 'revoked' ELSE step->>9 END
            WHERE r.kind = step->>1 AND r.key = step->>2 AND r.version = (step->>10)::bigint - 1;
            IF NOT FOUND THEN
                lost := 'changed';
            END IF;
        WHEN 'spend', 'require' THEN
            SELECT CASE WHEN r.grp IS NULL OR g.state <> 'revoked' THEN r.state ELSE 'revoked' END,
                   r.expires_at, r.grp
            INTO found_state, found_expiry, owner
            FROM record r LEFT JOIN record g ON g.kind = 'grant' AND g.key = r.grp
            WHERE r.kind = step->>1 AND r.key = step->>2;
            lost := CASE WHEN NOT FOUND THEN 'unknown' WHEN found_state = 'revoked' THEN 'revoked'
                         WHEN found_state <> 'active' THEN 'replay' WHEN found_expiry <= present THEN 'expired' END;
            IF lost IS NULL AND step->>0 = 'spend' THEN
                UPDATE record SET state = 'used', version = version + 1
                WHERE kind = step->>1 AND key = step->>2 AND state = 'active';
                IF NOT FOUND THEN
                    lost := 'replay';
                END IF;
            END IF;
        WHEN 'remove' THEN
            DELETE FROM record WHERE kind = step->>1 AND key = step->>2;
        WHEN 'revoke' THEN
            UPDATE record SET state = 'revoked', version = version + 1
            WHERE kind = 'grant' AND key = step->>2 AND state <> 'revoked';
        WHEN 'mark' THEN
            INSERT INTO spent AS s (kind, key, until) VALUES (step->>1, step->>2, (step->>4)::bigint)
            ON CONFLICT (kind, key) DO UPDATE SET until = excluded.until WHERE s.until <= present;
            IF NOT FOUND THEN
                lost := 'replay';
            END IF;
        END CASE;
        IF lost IS NOT NULL THEN
            RAISE EXCEPTION USING ERRCODE = 'G6001', MESSAGE = jsonb_build_array(lost, place, owner)::text;
        END IF;
        place := place + 1;
    END LOOP;
    IF jsonb_array_length(work->'events') > 0 THEN
        INSERT INTO event (receipt, at, leaf, subject_tag, client_id)
        SELECT e->>0, (e->>1)::bigint, decode(e->>2, 'base64'), e->>3, e->>4
        FROM jsonb_array_elements(work->'events') WITH ORDINALITY AS listed (e, place) ORDER BY listed.place;
    END IF;
END $$
--;
-- Runs a batch of commits, each in a sub-block of its own, and returns one answer for each:
-- [outcome, position, grant], or ["failed", sqlstate] when the database refused to store it.
-- All locks are taken first and in one order, so two batches never wait for each other in a circle.
CREATE FUNCTION gate06_commit(batch jsonb) RETURNS jsonb LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    work jsonb;
    verdict jsonb;
    verdicts jsonb := '[]';
BEGIN
    IF NOT (batch->>'durable')::boolean THEN
        PERFORM set_config('synchronous_commit', 'off', true);
    END IF;
    PERFORM pg_advisory_xact_lock(wanted.lock) FROM (
        SELECT hashtextextended(address, 6) AS lock FROM (
            SELECT jsonb_array_elements_text(batch->'locks') AS address
            UNION
            SELECT 'grant ' || r.grp FROM jsonb_array_elements(batch->'spends') AS s
            JOIN record r ON r.kind = s->>0 AND r.key = s->>1 WHERE r.grp IS NOT NULL
        ) AS named
        GROUP BY 1 ORDER BY 1
    ) AS wanted;
    FOR work IN SELECT value FROM jsonb_array_elements(batch->'works') LOOP
        BEGIN
            PERFORM gate06_apply(work, (work->>'now')::bigint);
            verdict := '["done"]';
        EXCEPTION
            WHEN SQLSTATE 'G6001' THEN
                verdict := SQLERRM::jsonb;
            WHEN OTHERS THEN
                verdict := jsonb_build_array('failed', SQLSTATE);
        END;
        IF verdict->>0 = 'replay' AND verdict->>2 IS NOT NULL
            AND (work->'steps'->((verdict->>1)::integer)->>3)::boolean THEN
            UPDATE record SET state = 'revoked', version = version + 1
            WHERE kind = 'grant' AND key = verdict->>2 AND state <> 'revoked';
        END IF;
        verdicts := verdicts || jsonb_build_array(verdict);
    END LOOP;
    RETURN verdicts;
END $$
