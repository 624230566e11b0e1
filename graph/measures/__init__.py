"""What is done about flags: events with an expiry, and what is in force after all of them."""
