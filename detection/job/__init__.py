"""One night, unattended: load what is new, detect, check, publish, plan, apply; each step once, whoever is killed."""
