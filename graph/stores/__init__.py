"""Where the property graph is kept: one protocol, an embedded store and a Neo4j server."""
