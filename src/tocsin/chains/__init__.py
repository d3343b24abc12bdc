"""One folder per chain family; nothing else knows a chain's format."""
