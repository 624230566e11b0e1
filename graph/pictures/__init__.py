"""What pictures show, as plain values: nodes and their places, times on a strip, bits as steps."""
