"""The ways in which accounts are connected, and what each account does unusually often."""
