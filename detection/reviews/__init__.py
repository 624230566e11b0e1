"""How likely each review's opinion was planted, without labels."""
