"""What follows from flags: a policy of measures, a plan of what would change, and its being applied or undone."""
