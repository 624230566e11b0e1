"""What accounts look like in figures: own doings, history, relations."""
