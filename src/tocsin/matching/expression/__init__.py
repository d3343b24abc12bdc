"""The expression language: text to a typed, compiled condition."""
