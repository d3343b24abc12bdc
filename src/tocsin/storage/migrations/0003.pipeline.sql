-- How far: the log of every network, who may append, who evaluates which shard, up to where.

CREATE TABLE chain_log (
    network_id uuid NOT NULL REFERENCES networks (id),
    seq bigint NOT NULL CHECK (seq > 0),
    action text NOT NULL CHECK (action IN ('apply', 'revert', 'gap')),
    number bigint NOT NULL CHECK (number >= 0),
    hash text NOT NULL,
    parent_hash text NOT NULL,
    block_time timestamptz NOT NULL,
    late boolean NOT NULL DEFAULT false,
    reason text NOT NULL DEFAULT '',
    appended_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (network_id, seq)
);
CREATE INDEX chain_log_number ON chain_log (network_id, number);

-- At most one watcher a network. The epoch fences: an append names the epoch it was granted.
CREATE TABLE network_leases (
    network_id uuid PRIMARY KEY REFERENCES networks (id),
    holder text NOT NULL,
    epoch bigint NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE TABLE worker_leases (
    worker_id text PRIMARY KEY,
    expires_at timestamptz NOT NULL
);

CREATE TABLE shard_owners (
    shard_id integer PRIMARY KEY CHECK (shard_id BETWEEN 0 AND 1023),
    worker_id text,
    epoch bigint NOT NULL DEFAULT 0
);
INSERT INTO shard_owners (shard_id) SELECT generate_series(0, 1023);

-- Counts rows of chain_log, never heights. A row exists once the shard has had a monitor there.
CREATE TABLE shard_cursors (
    network_id uuid NOT NULL REFERENCES networks (id),
    shard_id integer NOT NULL CHECK (shard_id BETWEEN 0 AND 1023),
    next_seq bigint NOT NULL CHECK (next_seq > 0),
    PRIMARY KEY (network_id, shard_id)
);

-- Blocks a worker needs and the cache lost. The network's watcher serves each once to all, in
-- the row itself, so that nothing but this database is needed to continue.
CREATE TABLE bundle_requests (
    network_id uuid NOT NULL REFERENCES networks (id),
    hash text NOT NULL,
    number bigint NOT NULL,
    requested_at timestamptz NOT NULL,
    payload bytea,          -- zstd, as in the feed; NULL: not served yet
    unavailable_at timestamptz,  -- no endpoint knows the block any more
    PRIMARY KEY (network_id, hash)
);
