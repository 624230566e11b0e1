"""Which canonical addresses of a market are one place, where it takes more than one address to tell."""
