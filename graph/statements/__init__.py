"""Reasons that can be sent: for the file, for the person, and for the public database of statements of reasons."""
