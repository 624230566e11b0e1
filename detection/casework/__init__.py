"""What people decided, as a run heeds it: no score outranks a person."""
