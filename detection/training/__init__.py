"""Learning from a store's labels: account risk, and the encoder."""
