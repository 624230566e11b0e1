"""The embedded store: LadybugDB in this process, one folder on disk."""
