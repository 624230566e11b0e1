"""From judged groups to rings: kind, members, ties, parties, words, permanent ids."""
