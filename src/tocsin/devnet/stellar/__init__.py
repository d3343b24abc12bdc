"""A simulated Stellar network: ledgers of valid XDR, answered as stellar-rpc answers."""
