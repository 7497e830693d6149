"""The ledger in the database: who may write, what a transfer does to balances, and the one function that posts."""

from django.db import migrations

GUARDS = """
-- Space beside each row, so that a change of balances stays on its page and touches no index.
ALTER TABLE ledger_account SET (fillfactor = 70);

CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the ledger refuses % on %', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'ML000', HINT = 'Money moves through ledger_post; a mistake is corrected by a reversal.';
END $$;

-- What is written, stays.
CREATE TRIGGER ledger_transfer_is_final BEFORE UPDATE OR DELETE ON ledger_transfer
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_hotentry_is_final BEFORE UPDATE ON ledger_hotentry
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_account_stays BEFORE DELETE ON ledger_account
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_account_keeps_its_terms BEFORE UPDATE ON ledger_account FOR EACH ROW
    WHEN ((OLD.id, OLD.path, OLD.asset, OLD.floor, OLD.hot) IS DISTINCT FROM (NEW.id, NEW.path, NEW.asset, NEW.floor, NEW.hot))
    EXECUTE FUNCTION ledger_refuse();

-- Only the functions below write; they carry the setting that these conditions ask for.
CREATE TRIGGER ledger_transfer_by_posting BEFORE INSERT ON ledger_transfer FOR EACH ROW
    WHEN (coalesce(current_setting('mahalla.ledger', true), '') <> 'posting') EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_hotentry_by_posting BEFORE INSERT ON ledger_hotentry FOR EACH ROW
    WHEN (coalesce(current_setting('mahalla.ledger', true), '') <> 'posting') EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_hotentry_by_rolling BEFORE DELETE ON ledger_hotentry FOR EACH ROW
    WHEN (coalesce(current_setting('mahalla.ledger', true), '') <> 'rolling') EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_account_by_function BEFORE UPDATE ON ledger_account FOR EACH ROW
    WHEN (coalesce(current_setting('mahalla.ledger', true), '') NOT IN ('posting', 'rolling'))
    EXECUTE FUNCTION ledger_refuse();
CREATE TRIGGER ledger_account_opens_empty BEFORE INSERT ON ledger_account FOR EACH ROW
    WHEN ((NEW.debits_posted, NEW.credits_posted, NEW.debits_pending, NEW.credits_pending) <> (0, 0, 0, 0))
    EXECUTE FUNCTION ledger_refuse();
"""

DROP_GUARDS = """
DROP TRIGGER ledger_account_opens_empty ON ledger_account;
DROP TRIGGER ledger_account_by_function ON ledger_account;
DROP TRIGGER ledger_hotentry_by_rolling ON ledger_hotentry;
DROP TRIGGER ledger_hotentry_by_posting ON ledger_hotentry;
DROP TRIGGER ledger_transfer_by_posting ON ledger_transfer;
DROP TRIGGER ledger_account_keeps_its_terms ON ledger_account;
DROP TRIGGER ledger_account_stays ON ledger_account;
DROP TRIGGER ledger_hotentry_is_final ON ledger_hotentry;
DROP TRIGGER ledger_transfer_is_final ON ledger_transfer;
DROP FUNCTION ledger_refuse();
ALTER TABLE ledger_account RESET (fillfactor);
"""

VIEWS = """
-- What each transfer does to its two accounts. Posting applies it, the audit sums it: one definition.
CREATE VIEW ledger_effect AS
    SELECT t.id AS transfer_id, t.debit_id AS account_id,
           CASE WHEN t.kind IN ('posted', 'post') THEN t.amount_minor ELSE 0 END AS debits_posted,
           0::bigint AS credits_posted,
           CASE WHEN t.kind = 'pending' THEN t.amount_minor ELSE coalesce(-p.amount_minor, 0) END AS debits_pending,
           0::bigint AS credits_pending
      FROM ledger_transfer t LEFT JOIN ledger_transfer p ON p.id = t.pending_id
    UNION ALL
    SELECT t.id, t.credit_id,
           0::bigint,
           CASE WHEN t.kind IN ('posted', 'post') THEN t.amount_minor ELSE 0 END,
           0::bigint,
           CASE WHEN t.kind = 'pending' THEN t.amount_minor ELSE coalesce(-p.amount_minor, 0) END
      FROM ledger_transfer t LEFT JOIN ledger_transfer p ON p.id = t.pending_id;

-- An account with what is not yet rolled up, in one snapshot.
CREATE VIEW ledger_balance AS
    SELECT a.id, a.path, a.asset, a.floor, a.hot,
           a.debits_posted + coalesce(h.debits_posted, 0) AS debits_posted,
           a.credits_posted + coalesce(h.credits_posted, 0) AS credits_posted,
           a.debits_pending + coalesce(h.debits_pending, 0) AS debits_pending,
           a.credits_pending + coalesce(h.credits_pending, 0) AS credits_pending
      FROM ledger_account a
      LEFT JOIN LATERAL (
           SELECT sum(e.debits_posted)::bigint AS debits_posted, sum(e.credits_posted)::bigint AS credits_posted,
                  sum(e.debits_pending)::bigint AS debits_pending, sum(e.credits_pending)::bigint AS credits_pending
             FROM ledger_hotentry e WHERE e.account_id = a.id) h ON a.hot;
"""

DROP_VIEWS = "DROP VIEW ledger_balance; DROP VIEW ledger_effect;"

POSTING = """
-- The legs of a batch with the rows that they name. Nothing read here ever changes, so it may be read before locking.
CREATE FUNCTION ledger_resolve(p_legs jsonb) RETURNS TABLE (
    turn bigint, key text, kind text, code text, debit_path text, credit_path text,
    pending_key text, reverses_key text, named_debit_id bigint, named_credit_id bigint,
    debit_id bigint, credit_id bigint, same_asset boolean, amount bigint,
    pending_id bigint, pending_amount bigint, reverses_id bigint, reverses_exactly boolean
) LANGUAGE sql STABLE AS $$
    SELECT l.ordinality, l.key, l.kind, l.code, l.debit, l.credit, l.pending, l.reverses, d.id, c.id,
           coalesce(p.debit_id, d.id), coalesce(p.credit_id, c.id), d.asset = c.asset,
           CASE WHEN l.kind = 'void' AND l.amount = 0 THEN p.amount_minor ELSE l.amount END,
           p.id, p.amount_minor, r.id,
           (r.debit_id, r.credit_id, r.amount_minor) = (c.id, d.id, l.amount)
      FROM ROWS FROM (jsonb_to_recordset(p_legs) AS
               (key text, kind text, code text, debit text, credit text, amount bigint, pending text, reverses text)
           ) WITH ORDINALITY l
      LEFT JOIN ledger_account d ON d.path = l.debit
      LEFT JOIN ledger_account c ON c.path = l.credit
      LEFT JOIN ledger_transfer p ON l.kind IN ('post', 'void') AND p.key = l.pending AND p.kind = 'pending'
      LEFT JOIN ledger_transfer r ON r.key = l.reverses AND r.kind IN ('posted', 'post')
$$;

CREATE FUNCTION ledger_say_no(p_code text, p_what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'ML001', MESSAGE = p_code, DETAIL = p_what;
END $$;

-- Refuses a leg that cannot be posted whatever the balances are.
CREATE FUNCTION ledger_judge(p_leg record) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF p_leg.kind IN ('post', 'void') THEN
        IF p_leg.pending_id IS NULL
           OR (p_leg.debit_path <> '' AND p_leg.named_debit_id IS DISTINCT FROM p_leg.debit_id)
           OR (p_leg.credit_path <> '' AND p_leg.named_credit_id IS DISTINCT FROM p_leg.credit_id) THEN
            PERFORM ledger_say_no('unknown_transfer', p_leg.pending_key);
        ELSIF p_leg.amount > p_leg.pending_amount
              OR (p_leg.kind = 'void' AND p_leg.amount <> p_leg.pending_amount) THEN
            PERFORM ledger_say_no('exceeds_pending', p_leg.pending_key);
        END IF;
    ELSIF p_leg.debit_id IS NULL THEN
        PERFORM ledger_say_no('unknown_account', p_leg.debit_path);
    ELSIF p_leg.credit_id IS NULL THEN
        PERFORM ledger_say_no('unknown_account', p_leg.credit_path);
    ELSIF NOT p_leg.same_asset THEN
        PERFORM ledger_say_no('unbalanced', p_leg.key);
    ELSIF p_leg.reverses_key <> '' AND p_leg.reverses_exactly IS NOT TRUE THEN
        PERFORM ledger_say_no('unknown_transfer', p_leg.reverses_key);
    END IF;
END $$;

-- Posts a batch: all of it or nothing. Legs of keys already posted with the same content have no effect.
-- Floors are judged on the batch as a whole, since nobody can see between its legs.
CREATE FUNCTION ledger_post(p_legs jsonb, p_reference text, p_at timestamptz) RETURNS void
LANGUAGE plpgsql SET mahalla.ledger = 'posting' AS $$
DECLARE
    leg record;
    written bigint;
    batch bigint[] := '{}';
    known text;
BEGIN
    -- One order for everybody, so that no two batches wait for each other. Hot accounts are not waited for.
    PERFORM a.id FROM ledger_account a
      WHERE a.id IN (SELECT unnest(ARRAY[r.debit_id, r.credit_id]) FROM ledger_resolve(p_legs) r) AND NOT a.hot
      ORDER BY a.id FOR NO KEY UPDATE;

    FOR leg IN SELECT * FROM ledger_resolve(p_legs) ORDER BY turn LOOP
        PERFORM ledger_judge(leg);
        INSERT INTO ledger_transfer (key, debit_id, credit_id, amount_minor, kind, pending_id, reverses_id, code, reference, at)
            VALUES (leg.key, leg.debit_id, leg.credit_id, leg.amount, leg.kind, leg.pending_id, leg.reverses_id,
                    leg.code, p_reference, p_at)
            ON CONFLICT (key) DO NOTHING RETURNING id INTO written;
        IF written IS NOT NULL THEN
            batch := batch || written;
            CONTINUE;
        END IF;
        known := leg.key;
        PERFORM 1 FROM ledger_transfer t WHERE t.key = leg.key AND t.kind = leg.kind AND t.code = leg.code
            AND t.reference = p_reference AND t.amount_minor = leg.amount
            AND (t.debit_id, t.credit_id) = (leg.debit_id, leg.credit_id)
            AND (t.pending_id, t.reverses_id) IS NOT DISTINCT FROM (leg.pending_id, leg.reverses_id);
        IF NOT FOUND THEN
            PERFORM ledger_say_no('key_reused', leg.key);
        END IF;
    END LOOP;

    IF known IS NOT NULL AND cardinality(batch) > 0 THEN
        PERFORM ledger_say_no('key_reused', known);  -- a batch is repeated whole or not at all
    END IF;

    UPDATE ledger_account a
       SET debits_posted = a.debits_posted + s.debits_posted, credits_posted = a.credits_posted + s.credits_posted,
           debits_pending = a.debits_pending + s.debits_pending, credits_pending = a.credits_pending + s.credits_pending
      FROM (SELECT e.account_id, sum(e.debits_posted)::bigint AS debits_posted,
                   sum(e.credits_posted)::bigint AS credits_posted, sum(e.debits_pending)::bigint AS debits_pending,
                   sum(e.credits_pending)::bigint AS credits_pending
              FROM ledger_effect e WHERE e.transfer_id = ANY (batch) GROUP BY e.account_id) s
     WHERE a.id = s.account_id AND NOT a.hot;

    INSERT INTO ledger_hotentry (account_id, transfer_id, debits_posted, credits_posted, debits_pending, credits_pending)
        SELECT e.account_id, e.transfer_id, e.debits_posted, e.credits_posted, e.debits_pending, e.credits_pending
          FROM ledger_effect e JOIN ledger_account a ON a.id = e.account_id
         WHERE e.transfer_id = ANY (batch) AND a.hot;
END $$;

-- The same, answering null or {code, what} instead of failing, so that the caller's transaction lives on.
CREATE FUNCTION ledger_try_post(p_legs jsonb, p_reference text, p_at timestamptz) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    said text;
    what text;
BEGIN
    PERFORM ledger_post(p_legs, p_reference, p_at);
    RETURN NULL;
EXCEPTION
    WHEN SQLSTATE 'ML001' THEN
        GET STACKED DIAGNOSTICS said = MESSAGE_TEXT, what = PG_EXCEPTION_DETAIL;
        RETURN ARRAY[said, what];
    WHEN check_violation OR unique_violation THEN
        GET STACKED DIAGNOSTICS what = CONSTRAINT_NAME;
        said := CASE what
            WHEN 'ledger_debits_covered' THEN 'insufficient_funds'
            WHEN 'ledger_credits_covered' THEN 'insufficient_funds'
            WHEN 'ledger_resolved_once' THEN 'already_resolved'
            WHEN 'ledger_reversed_once' THEN 'already_reversed'
            WHEN 'ledger_two_accounts' THEN 'unbalanced' END;
        IF said IS NULL THEN
            RAISE;
        END IF;
        RETURN ARRAY[said, p_reference];
END $$;
"""

DROP_POSTING = """
DROP FUNCTION ledger_try_post(jsonb, text, timestamptz);
DROP FUNCTION ledger_post(jsonb, text, timestamptz);
DROP FUNCTION ledger_judge(record);
DROP FUNCTION ledger_say_no(text, text);
DROP FUNCTION ledger_resolve(jsonb);
"""

ROLLING = """
-- Folds the oldest entries of hot accounts into their rows; answers how many. One at a time: a second one does nothing.
CREATE FUNCTION ledger_roll_up(p_at timestamptz, p_limit integer) RETURNS bigint
LANGUAGE plpgsql SET mahalla.ledger = 'rolling' AS $$
DECLARE
    rolled bigint;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtext('mahalla.ledger.roll_up')) THEN
        RETURN 0;
    END IF;
    WITH taken AS (
        DELETE FROM ledger_hotentry WHERE id IN (SELECT id FROM ledger_hotentry ORDER BY id LIMIT p_limit) RETURNING *
    ), folded AS (
        UPDATE ledger_account a
           SET debits_posted = a.debits_posted + s.debits_posted, credits_posted = a.credits_posted + s.credits_posted,
               debits_pending = a.debits_pending + s.debits_pending,
               credits_pending = a.credits_pending + s.credits_pending, rolled_at = p_at
          FROM (SELECT t.account_id, sum(t.debits_posted)::bigint AS debits_posted,
                       sum(t.credits_posted)::bigint AS credits_posted, sum(t.debits_pending)::bigint AS debits_pending,
                       sum(t.credits_pending)::bigint AS credits_pending FROM taken t GROUP BY t.account_id) s
         WHERE a.id = s.account_id
    )
    SELECT count(*) INTO rolled FROM taken;
    RETURN rolled;
END $$;
"""

DROP_ROLLING = "DROP FUNCTION ledger_roll_up(timestamptz, integer);"


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial")]

    operations = [
        migrations.RunSQL(GUARDS, DROP_GUARDS),
        migrations.RunSQL(VIEWS, DROP_VIEWS),
        migrations.RunSQL(POSTING, DROP_POSTING),
        migrations.RunSQL(ROLLING, DROP_ROLLING),
    ]
