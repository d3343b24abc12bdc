-- What: triggers, monitors, and every version a monitor ever had.

CREATE TABLE tenant_triggers (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    slug text NOT NULL CHECK (slug ~ '^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$'),
    name text NOT NULL CHECK (name <> ''),
    kind text NOT NULL CHECK (kind IN ('webhook')),
    destination text NOT NULL,  -- host only; the rest is secret
    config_secret_id uuid,  -- NULL once deleted: secrets do not outlive their use
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    UNIQUE (tenant_id, id),
    CHECK ((config_secret_id IS NULL) = (deleted_at IS NOT NULL)),
    FOREIGN KEY (tenant_id, config_secret_id) REFERENCES tenant_secrets (tenant_id, id)
);
CREATE UNIQUE INDEX tenant_triggers_slug ON tenant_triggers (tenant_id, slug)
    WHERE deleted_at IS NULL;

CREATE TABLE tenant_monitors (
    id uuid PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    name text NOT NULL CHECK (name <> ''),
    paused boolean NOT NULL,
    shard_id integer NOT NULL CHECK (shard_id BETWEEN 0 AND 1023),
    version bigint NOT NULL DEFAULT 1,
    definition text NOT NULL,  -- JSON as its author sent it
    -- The checked form, so that loading parses no text.
    compiled bytea NOT NULL,
    compiler_version integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    UNIQUE (tenant_id, id)
);
CREATE UNIQUE INDEX tenant_monitors_name ON tenant_monitors (tenant_id, lower(name))
    WHERE deleted_at IS NULL;
CREATE INDEX tenant_monitors_list ON tenant_monitors (tenant_id, created_at, id)
    WHERE deleted_at IS NULL;

CREATE TABLE monitor_networks (
    tenant_id uuid NOT NULL,
    monitor_id uuid NOT NULL,
    network_id uuid NOT NULL,
    -- First row of the chain log it is meant for: what was appended before it was made, or
    -- while it was paused, is not its business, however far behind its shard is.
    from_seq bigint NOT NULL,
    PRIMARY KEY (monitor_id, network_id),
    FOREIGN KEY (tenant_id, monitor_id) REFERENCES tenant_monitors (tenant_id, id),
    FOREIGN KEY (tenant_id, network_id) REFERENCES tenant_networks (tenant_id, network_id)
);
CREATE INDEX monitor_networks_network ON monitor_networks (network_id);
CREATE INDEX monitor_networks_tenant ON monitor_networks (tenant_id, network_id);

CREATE TABLE monitor_triggers (
    tenant_id uuid NOT NULL,
    monitor_id uuid NOT NULL,
    trigger_id uuid NOT NULL,
    PRIMARY KEY (monitor_id, trigger_id),
    FOREIGN KEY (tenant_id, monitor_id) REFERENCES tenant_monitors (tenant_id, id),
    FOREIGN KEY (tenant_id, trigger_id) REFERENCES tenant_triggers (tenant_id, id)
);
CREATE INDEX monitor_triggers_trigger ON monitor_triggers (tenant_id, trigger_id);

CREATE TABLE monitor_versions (
    tenant_id uuid NOT NULL,
    monitor_id uuid NOT NULL,
    version bigint NOT NULL,
    definition text NOT NULL,
    paused boolean NOT NULL,
    created_by text NOT NULL,  -- id of the key
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (monitor_id, version),
    UNIQUE (tenant_id, monitor_id, version),
    FOREIGN KEY (tenant_id, monitor_id) REFERENCES tenant_monitors (tenant_id, id)
);

-- From which row of a network's chain log a version was really used; written by the worker in
-- the transaction of the first commit that used it.
CREATE TABLE monitor_effects (
    tenant_id uuid NOT NULL,
    monitor_id uuid NOT NULL,
    version bigint NOT NULL,
    network_id uuid NOT NULL,
    effective_seq bigint NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (monitor_id, version, network_id),
    FOREIGN KEY (tenant_id, monitor_id, version)
        REFERENCES monitor_versions (tenant_id, monitor_id, version)
);
CREATE INDEX monitor_effects_tenant ON monitor_effects (tenant_id, monitor_id);

-- Where a monitor was not evaluated although its shard's cursor passed.
CREATE TABLE coverage_exceptions (
    tenant_id uuid NOT NULL,
    monitor_id uuid NOT NULL,
    network_id uuid NOT NULL,
    from_seq bigint NOT NULL,
    to_seq bigint,  -- last row, inclusive; NULL: still so
    reason text NOT NULL CHECK (reason IN ('quarantine', 'quota', 'pause')),
    detail text NOT NULL,
    PRIMARY KEY (monitor_id, network_id, from_seq, reason),
    FOREIGN KEY (tenant_id, monitor_id) REFERENCES tenant_monitors (tenant_id, id)
);
CREATE INDEX coverage_exceptions_tenant ON coverage_exceptions (tenant_id, monitor_id);
