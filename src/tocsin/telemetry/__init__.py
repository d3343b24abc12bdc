"""Logs and metrics: what the operator sees."""
