"""The second-hand market of an inland country: towns, seasons, everyday life, who is honest together and who cheats."""
