-- What came of it. Partitioned by block time, the same for a block however often it is
-- handled, so that a replay after midnight still collides with itself.

CREATE TABLE matches (
    block_time timestamptz NOT NULL,
    id uuid NOT NULL,
    occurrence_id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    monitor_id uuid NOT NULL,
    monitor_version bigint NOT NULL,
    network_id uuid NOT NULL,
    shard_id integer NOT NULL,
    block_number bigint NOT NULL,
    block_hash text NOT NULL,
    transaction_hash text NOT NULL,
    transaction_index integer NOT NULL,
    status text NOT NULL CHECK (status IN ('active', 'retracted')),
    generation integer NOT NULL DEFAULT 0,
    reasons text NOT NULL,  -- JSON; text because jsonb refuses NUL, which chains may carry
    arguments_digest bytea NOT NULL,
    seq bigint NOT NULL,  -- row of chain_log that last made it active
    config_version bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    retracted_at timestamptz,
    PRIMARY KEY (block_time, id),
    FOREIGN KEY (tenant_id, monitor_id, monitor_version)
        REFERENCES monitor_versions (tenant_id, monitor_id, version)
) PARTITION BY RANGE (block_time);
CREATE INDEX matches_list ON matches (tenant_id, created_at, id);
CREATE INDEX matches_id ON matches (id);
CREATE INDEX matches_block ON matches (network_id, block_hash);
CREATE INDEX matches_occurrence ON matches (occurrence_id);

-- Chain facts, stored once for all tenants.
CREATE TABLE matched_transactions (
    block_time timestamptz NOT NULL,
    network_id uuid NOT NULL,
    block_hash text NOT NULL,
    transaction_hash text NOT NULL,
    document bytea NOT NULL,  -- zstd of JSON
    PRIMARY KEY (block_time, network_id, block_hash, transaction_hash)
) PARTITION BY RANGE (block_time);

CREATE TABLE deliveries (
    block_time timestamptz NOT NULL,
    id uuid NOT NULL,
    tenant_id uuid NOT NULL,
    match_id uuid NOT NULL,
    occurrence_id uuid NOT NULL,
    trigger_id uuid NOT NULL,
    network_id uuid NOT NULL,
    shard_id integer NOT NULL,
    kind text NOT NULL CHECK (kind IN ('alert', 'retraction', 'moved', 'test')),
    generation integer NOT NULL,
    status text NOT NULL CHECK (status IN
        ('waiting', 'ready', 'leased', 'delivered', 'dead', 'cancelled', 'suppressed')),
    hold text CHECK (hold IN ('finality', 'filter', 'quota', 'noise')),
    release_number bigint,
    release_tag text CHECK (release_tag IN ('safe', 'finalized')),
    attempt_count integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz,  -- of a ready one; NULL: at once, by every clock
    leased_by text,
    leased_until timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    -- What one trigger hears of one occurrence goes out in this order. Not by created_at: the
    -- clocks of two workers differ.
    position bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    PRIMARY KEY (block_time, id),
    UNIQUE (tenant_id, block_time, id),
    CHECK ((status = 'waiting') = (hold IS NOT NULL)),
    CHECK ((status = 'leased') = (leased_by IS NOT NULL)),
    FOREIGN KEY (tenant_id, trigger_id) REFERENCES tenant_triggers (tenant_id, id)
) PARTITION BY RANGE (block_time);
CREATE INDEX deliveries_list ON deliveries (tenant_id, created_at, id);
CREATE INDEX deliveries_match ON deliveries (match_id);
CREATE INDEX deliveries_ready ON deliveries
    (coalesce(next_attempt_at, '-infinity'::timestamptz), position) WHERE status = 'ready';
CREATE INDEX deliveries_order ON deliveries (occurrence_id, trigger_id, position)
    WHERE status IN ('waiting', 'ready', 'leased');
CREATE INDEX deliveries_leased ON deliveries (leased_until) WHERE status = 'leased';
CREATE INDEX deliveries_waiting ON deliveries (network_id, release_number)
    WHERE status = 'waiting';

CREATE TABLE delivery_attempts (
    block_time timestamptz NOT NULL,
    delivery_id uuid NOT NULL,
    number integer NOT NULL,
    tenant_id uuid NOT NULL,
    started_at timestamptz NOT NULL,
    duration_seconds double precision NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('taken', 'later', 'never')),
    status_code integer,
    error_code text,
    detail text NOT NULL,
    PRIMARY KEY (block_time, delivery_id, number),
    FOREIGN KEY (tenant_id, block_time, delivery_id)
        REFERENCES deliveries (tenant_id, block_time, id)
) PARTITION BY RANGE (block_time);
CREATE INDEX delivery_attempts_tenant ON delivery_attempts (tenant_id, delivery_id);

CREATE TABLE matches_default PARTITION OF matches DEFAULT;
CREATE TABLE matched_transactions_default PARTITION OF matched_transactions DEFAULT;
CREATE TABLE deliveries_default PARTITION OF deliveries DEFAULT;
CREATE TABLE delivery_attempts_default PARTITION OF delivery_attempts DEFAULT;

-- Makes the month's partitions where they lack. Only months near today get their own, so that
-- absurd block times cannot make thousands of tables; the rest goes to the default partition.
CREATE FUNCTION ensure_partitions(at timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
    first timestamptz := date_trunc('month', at AT TIME ZONE 'UTC') AT TIME ZONE 'UTC';
    after_last timestamptz :=
        (date_trunc('month', at AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC';
    parent text;
    child text;
BEGIN
    -- By whole months, so that a month's rows do not begin in the default partition and go on in
    -- one of their own, which PostgreSQL then refuses to make.
    IF after_last <= now() - interval '400 days' OR first > now() + interval '40 days' THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('tocsin.partitions'));
    FOREACH parent IN ARRAY
        ARRAY['matches', 'matched_transactions', 'deliveries', 'delivery_attempts']
    LOOP
        child := format('%s_%s', parent, to_char(at AT TIME ZONE 'UTC', 'YYYYMM'));
        IF to_regclass(child) IS NULL THEN
            -- Asked of PostgreSQL itself: under forced row-level security not even the owner
            -- sees the default partition's rows.
            BEGIN
                EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                               child, parent, first, after_last);
            EXCEPTION WHEN check_violation THEN
                CONTINUE;  -- the default partition has rows of that month and keeps it
            END;
            -- No policy on the partition itself: it is reached through its parent only.
            EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', child);
            EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', child);
        END IF;
    END LOOP;
END $$;
