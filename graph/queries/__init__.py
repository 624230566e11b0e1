"""Questions to a property graph and their answers, the same on every store."""
