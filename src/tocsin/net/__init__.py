"""Outbound HTTP, always through the egress guard."""
