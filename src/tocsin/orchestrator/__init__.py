"""The three loops and who runs what."""
