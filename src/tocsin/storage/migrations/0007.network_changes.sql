-- A network of the platform can be taken out of use once no tenant has chosen it, so the operator
-- has to see who has: these rows only, and only while speaking for no tenant.

CREATE POLICY operator_read ON tenant_networks FOR SELECT TO tocsin_api
    USING (app_operator() AND app_tenant() IS NULL
           AND owner_id = '00000000-0000-0000-0000-000000000000'::uuid);
