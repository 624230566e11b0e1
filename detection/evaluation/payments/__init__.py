"""Payments among friends: the app by which people of a country pay one another, who is honest and who cheats."""
