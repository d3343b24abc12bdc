-- Who: tenants, their keys, their secrets, and the networks they may watch.
-- Policies and grants for every table stand together in 0005.

-- The tenant a transaction speaks for; NULL, and so no row, when none was set.
CREATE FUNCTION app_tenant() RETURNS uuid LANGUAGE sql STABLE AS
$$ SELECT nullif(current_setting('app.tenant_id', true), '')::uuid $$;

-- True in a transaction of the platform's operator.
CREATE FUNCTION app_operator() RETURNS boolean LANGUAGE sql STABLE AS
$$ SELECT coalesce(current_setting('app.operator', true), '') = 'on' $$;

-- The one key whose row an unauthenticated transaction may look up.
CREATE FUNCTION app_key() RETURNS text LANGUAGE sql STABLE AS
$$ SELECT nullif(current_setting('app.key_id', true), '') $$;

CREATE TABLE tenants (
    id uuid PRIMARY KEY,
    slug text NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
    name text NOT NULL CHECK (name <> ''),
    status text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended')),
    -- Raised, with the row locked, by every change of the tenant's configuration.
    config_version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
);
CREATE UNIQUE INDEX tenants_slug ON tenants (slug) WHERE deleted_at IS NULL;

CREATE TABLE api_keys (
    id text PRIMARY KEY,
    tenant_id uuid REFERENCES tenants (id),  -- NULL: the platform operator's
    name text NOT NULL,
    role text NOT NULL CHECK (role IN ('operator', 'owner', 'viewer')),
    secret_hash bytea NOT NULL CHECK (octet_length(secret_hash) = 32),
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz,
    CHECK ((tenant_id IS NULL) = (role = 'operator'))
);
CREATE INDEX api_keys_tenant ON api_keys (tenant_id);

-- AES-256-GCM; the associated data are tenant, purpose and id, so a row moved elsewhere
-- does not decrypt.
CREATE TABLE tenant_secrets (
    id uuid PRIMARY KEY,
    tenant_id uuid REFERENCES tenants (id),  -- NULL: the platform's
    purpose text NOT NULL,
    key_id text NOT NULL,
    nonce bytea NOT NULL CHECK (octet_length(nonce) = 12),
    ciphertext bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    -- Lets a foreign key name the owner also where that is the platform.
    owner_id uuid NOT NULL GENERATED ALWAYS AS
        (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'::uuid)) STORED,
    UNIQUE (tenant_id, id),
    UNIQUE (owner_id, id)
);

-- One id space: the platform's networks and every tenant's private ones.
CREATE TABLE networks (
    id uuid PRIMARY KEY,
    tenant_id uuid REFERENCES tenants (id),  -- NULL: the platform's
    -- Lets a foreign key say "mine or the platform's".
    owner_id uuid NOT NULL GENERATED ALWAYS AS
        (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000'::uuid)) STORED,
    slug text NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
    name text NOT NULL CHECK (name <> ''),
    family text NOT NULL CHECK (family IN ('EVM', 'Stellar')),
    chain_identity text NOT NULL CHECK (chain_identity <> ''),
    endpoints_secret_id uuid,  -- NULL once deleted: secrets do not outlive their use
    block_time_ms bigint NOT NULL CHECK (block_time_ms > 0),
    confirmation_count bigint NOT NULL CHECK (confirmation_count >= 0),
    start_number bigint CHECK (start_number >= 0),
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz,
    UNIQUE (owner_id, id),
    CHECK ((endpoints_secret_id IS NULL) = (deleted_at IS NOT NULL)),
    FOREIGN KEY (owner_id, endpoints_secret_id) REFERENCES tenant_secrets (owner_id, id)
        DEFERRABLE INITIALLY DEFERRED
);
CREATE UNIQUE INDEX networks_slug ON networks (owner_id, slug) WHERE deleted_at IS NULL;

-- A tenant's enabling of a platform network, or its own private one.
CREATE TABLE tenant_networks (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    network_id uuid NOT NULL,
    owner_id uuid NOT NULL CHECK (
        owner_id = tenant_id OR owner_id = '00000000-0000-0000-0000-000000000000'::uuid),
    enabled_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, network_id),
    FOREIGN KEY (owner_id, network_id) REFERENCES networks (owner_id, id)
);
