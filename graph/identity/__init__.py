"""When two spellings are one thing: canonical forms, and what the market at hand shows to be the same."""
