"""A simulated EVM chain: true hashes and roots, ABI-correct logs, forks."""
