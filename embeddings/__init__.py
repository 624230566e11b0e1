"""What accounts look like: features, a torch-geometric encoder, vectors."""
