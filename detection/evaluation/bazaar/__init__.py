"""Markets made from trade and events: shops, seasons and waves of buyers, from which neighbourhoods emerge."""
