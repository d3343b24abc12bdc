"""OpenZeppelin Monitor's JSON and our nouns."""
