"""A page on this machine alone, on which one walks around in the graph; see docs/adr for what keeps it safe."""
