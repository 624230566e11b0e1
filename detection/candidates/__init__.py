"""Groups worth looking at: links in bits, and the searches that walk on them."""
