"""The nouns every package speaks of; frozen, pure, without behaviour that reads the world."""
