"""Blocks of accounts that act on the same targets at the same times, against chance."""
