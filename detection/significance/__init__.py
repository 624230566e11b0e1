"""How much of what a run finds would be found in a market rewired by chance."""
