"""XDR bytes to values, and nothing else: readers for the few structures that matching needs."""
