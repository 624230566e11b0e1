"""One form for the several spellings of one address, worked out from the address alone."""
