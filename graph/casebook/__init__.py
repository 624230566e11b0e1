"""What people decided and said, event by event, and what follows from all of it."""
