"""Ethereum and its kin."""
