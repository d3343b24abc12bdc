"""Stellar."""
