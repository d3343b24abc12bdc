"""Tocsin: on-chain monitoring and alerting for many tenants, self-hosted."""
