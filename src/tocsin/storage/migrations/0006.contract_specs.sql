-- Contracts' specs that nobody gave: what was found of them, and which version of a monitor was
-- checked with it. Kept once for each content and tenant, for what one tenant's own nodes say is
-- no other's business.

CREATE TABLE contract_specs (
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),  -- SHA-256 of the spec
    spec text NOT NULL,  -- JSON as a monitor's contract_spec
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, digest)
);

CREATE TABLE monitor_specs (
    tenant_id uuid NOT NULL,
    monitor_id uuid NOT NULL,
    version bigint NOT NULL,
    address text NOT NULL,
    digest bytea NOT NULL,
    source text NOT NULL CHECK (source IN ('ledger', 'built_in')),
    code_hash text NOT NULL,  -- hex, empty where there is no code
    network text NOT NULL,  -- slug of the network that was asked, as it was then
    fetched_at timestamptz NOT NULL,
    PRIMARY KEY (monitor_id, version, address),
    FOREIGN KEY (tenant_id, monitor_id, version)
        REFERENCES monitor_versions (tenant_id, monitor_id, version),
    FOREIGN KEY (tenant_id, digest) REFERENCES contract_specs (tenant_id, digest)
);
CREATE INDEX monitor_specs_digest ON monitor_specs (tenant_id, digest);

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['contract_specs', 'monitor_specs']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('REVOKE ALL ON %I FROM PUBLIC', t);
        EXECUTE format('CREATE POLICY tenant ON %I TO tocsin_api
            USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant())', t);
        EXECUTE format('CREATE POLICY loops ON %I TO tocsin_loops
            USING (app_tenant() IS NULL OR tenant_id = app_tenant())
            WITH CHECK (app_tenant() IS NULL OR tenant_id = app_tenant())', t);
    END LOOP;
END $$;

GRANT SELECT, INSERT ON contract_specs, monitor_specs TO tocsin_api;
GRANT SELECT ON contract_specs, monitor_specs TO tocsin_loops;
