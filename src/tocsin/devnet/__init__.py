"""Simulated networks over real JSON-RPC, with an oracle."""
