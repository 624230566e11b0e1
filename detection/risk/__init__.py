"""Account risk learnt from labels: features in, a calibrated chance and its reasons out."""
