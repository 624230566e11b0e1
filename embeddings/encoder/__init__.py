"""The encoder: a torch-geometric network over the market's graph, and its file."""
