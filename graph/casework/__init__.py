"""What can be said of what was found: what there is to see of it, whom a decision touches, what is refused."""
