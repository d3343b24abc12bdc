-- Who may see what. Every table is under forced row-level security; without a tenant set, the
-- API's role sees nothing that belongs to one.

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC;
REVOKE ALL ON FUNCTION ensure_partitions(timestamptz) FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO tocsin_api, tocsin_loops;
GRANT EXECUTE ON FUNCTION ensure_partitions(timestamptz) TO tocsin_loops;

DO $$
DECLARE
    t text;
BEGIN
    FOR t IN SELECT relname FROM pg_class
             WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
               AND relname NOT LIKE '%yoyo%'
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    END LOOP;
    -- Rows of one tenant. The loops read across tenants unless they say for whom they read.
    FOREACH t IN ARRAY ARRAY[
        'tenant_networks', 'tenant_triggers', 'tenant_monitors', 'monitor_networks',
        'monitor_triggers', 'monitor_versions', 'monitor_effects', 'coverage_exceptions',
        'matches', 'deliveries', 'delivery_attempts']
    LOOP
        EXECUTE format('CREATE POLICY tenant ON %I TO tocsin_api
            USING (tenant_id = app_tenant()) WITH CHECK (tenant_id = app_tenant())', t);
        EXECUTE format('CREATE POLICY loops ON %I TO tocsin_loops
            USING (app_tenant() IS NULL OR tenant_id = app_tenant())
            WITH CHECK (app_tenant() IS NULL OR tenant_id = app_tenant())', t);
    END LOOP;
    -- Rows that belong to the pipeline, not to a tenant.
    FOREACH t IN ARRAY ARRAY['network_leases', 'worker_leases', 'shard_owners',
                             'bundle_requests', 'chain_log', 'shard_cursors']
    LOOP
        EXECUTE format('CREATE POLICY loops ON %I TO tocsin_loops USING (true) WITH CHECK (true)',
                       t);
    END LOOP;
END $$;

-- A member sees the own tenant; the operator sees every tenant's name and state.
CREATE POLICY tenant ON tenants TO tocsin_api
    USING (id = app_tenant() OR app_operator()) WITH CHECK (id = app_tenant() OR app_operator());
CREATE POLICY loops ON tenants TO tocsin_loops
    USING (app_tenant() IS NULL OR id = app_tenant());

-- A presented key may be looked up by its id before anybody knows whose it is.
CREATE POLICY lookup ON api_keys FOR SELECT TO tocsin_api USING (id = app_key());
CREATE POLICY tenant ON api_keys TO tocsin_api
    USING (tenant_id = app_tenant() OR app_operator())
    WITH CHECK (tenant_id = app_tenant() OR app_operator());

-- The platform's secrets are the operator's; the operator has no way to a tenant's.
CREATE POLICY tenant ON tenant_secrets TO tocsin_api
    USING (tenant_id = app_tenant() OR (tenant_id IS NULL AND app_operator()))
    WITH CHECK (tenant_id = app_tenant() OR (tenant_id IS NULL AND app_operator()));
CREATE POLICY loops ON tenant_secrets TO tocsin_loops
    USING (app_tenant() IS NULL OR tenant_id = app_tenant());

-- Everybody sees the platform's networks (their endpoints are secrets), and their own.
CREATE POLICY tenant_read ON networks FOR SELECT TO tocsin_api
    USING (tenant_id = app_tenant()
           OR (tenant_id IS NULL AND (app_tenant() IS NOT NULL OR app_operator())));
CREATE POLICY tenant_write ON networks TO tocsin_api
    USING (tenant_id = app_tenant() OR (tenant_id IS NULL AND app_operator()))
    WITH CHECK (tenant_id = app_tenant() OR (tenant_id IS NULL AND app_operator()));
CREATE POLICY loops ON networks TO tocsin_loops
    USING (app_tenant() IS NULL OR tenant_id IS NULL OR tenant_id = app_tenant());

-- A chain's log and cursors are seen by those who see the network.
CREATE POLICY tenant ON chain_log FOR SELECT TO tocsin_api
    USING (EXISTS (SELECT 1 FROM networks n WHERE n.id = network_id));
CREATE POLICY tenant ON shard_cursors TO tocsin_api
    USING (EXISTS (SELECT 1 FROM networks n WHERE n.id = network_id))
    WITH CHECK (EXISTS (SELECT 1 FROM networks n WHERE n.id = network_id));

-- Chain facts are seen by those who have a match that shows them.
CREATE POLICY tenant ON matched_transactions FOR SELECT TO tocsin_api
    USING (EXISTS (
        SELECT 1 FROM matches m
        WHERE m.network_id = matched_transactions.network_id
          AND m.block_hash = matched_transactions.block_hash
          AND m.transaction_hash = matched_transactions.transaction_hash
          AND m.block_time = matched_transactions.block_time));
CREATE POLICY loops ON matched_transactions TO tocsin_loops
    USING (app_tenant() IS NULL OR EXISTS (
        SELECT 1 FROM matches m
        WHERE m.network_id = matched_transactions.network_id
          AND m.block_hash = matched_transactions.block_hash
          AND m.transaction_hash = matched_transactions.transaction_hash
          AND m.block_time = matched_transactions.block_time))
    WITH CHECK (app_tenant() IS NULL);

-- The API writes configuration, the loops write results; neither can do the other's.
GRANT SELECT, INSERT, UPDATE ON
    tenants, api_keys, networks, tenant_triggers, tenant_monitors TO tocsin_api;
GRANT SELECT, INSERT, DELETE ON
    tenant_secrets, tenant_networks, monitor_networks, monitor_triggers TO tocsin_api;
GRANT UPDATE (from_seq) ON monitor_networks TO tocsin_api;
GRANT SELECT, INSERT ON monitor_versions, shard_cursors TO tocsin_api;
GRANT SELECT ON
    monitor_effects, coverage_exceptions, chain_log, matches, matched_transactions,
    deliveries, delivery_attempts TO tocsin_api;

GRANT SELECT ON
    tenants, tenant_secrets, networks, tenant_networks, tenant_triggers, tenant_monitors,
    monitor_networks, monitor_triggers, monitor_versions TO tocsin_loops;
GRANT SELECT, INSERT, UPDATE ON
    coverage_exceptions, network_leases, matches, deliveries TO tocsin_loops;
GRANT SELECT, INSERT ON
    monitor_effects, chain_log, matched_transactions, delivery_attempts TO tocsin_loops;
GRANT SELECT, INSERT, UPDATE, DELETE ON worker_leases, bundle_requests TO tocsin_loops;
GRANT SELECT, UPDATE ON shard_owners, shard_cursors TO tocsin_loops;
