"""Valkey: everything in it may vanish."""
