"""What is known: tables in, property graph on disk, snapshot out, flags back."""
