"""The market of a port town, written by somebody who knew nothing of the detector: a world for trying it unseen."""
