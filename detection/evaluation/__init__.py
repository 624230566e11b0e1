"""Measuring against what is true: measures, recipes to compare with, the leak gate, the red team."""
