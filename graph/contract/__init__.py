"""The data contract: tables in, every row checked, bad ones set aside with their line and the reason."""
