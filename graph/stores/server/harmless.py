"""What Neo4j offers that only reads the graph, or only reckons."""

from __future__ import annotations

from graph.stores.read_only import Harmless

# Left out is whatever is about the server or its users instead of the graph (dbms.*, tx.*, db.stats.*), awaits, clears
# or plans anew, names other databases (graph.*) or files (file, linenumber), and every plugin: apoc, genai, gds.
_PROCEDURES = """
    db.index.fulltext.queryNodes db.index.fulltext.queryRelationships db.index.vector.queryNodes
    db.index.vector.queryRelationships db.labels db.ping db.propertyKeys db.relationshipTypes
    db.schema.nodeTypeProperties db.schema.relTypeProperties db.schema.visualization
"""
_FUNCTIONS = """
    abs acos all allShortestPaths any asin atan atan2 avg btrim ceil char_length character_length coalesce collect cos
    cosh cot coth count date date.realtime date.statement date.transaction date.truncate datetime datetime.fromepoch
    datetime.fromepochmillis datetime.realtime datetime.statement datetime.transaction datetime.truncate degrees
    duration duration.between duration.inDays duration.inMonths duration.inSeconds e elementId endNode exists exp
    floor haversin head id isEmpty isNaN keys labels last left length localdatetime localdatetime.realtime
    localdatetime.statement localdatetime.transaction localdatetime.truncate localtime localtime.realtime
    localtime.statement localtime.transaction localtime.truncate log log10 lower ltrim max min nodes none normalize
    nullIf percentileCont percentileDisc pi point point.distance point.withinBBox properties radians rand randomUUID
    range reduce relationships replace reverse right round rtrim shortestPath sign sin single sinh size split sqrt
    startNode stDev stDevP substring sum tail tan tanh time time.realtime time.statement time.transaction time.truncate
    timestamp toBoolean toBooleanList toBooleanOrNull toFloat toFloatList toFloatOrNull toInteger toIntegerList
    toIntegerOrNull toLower toString toStringList toStringOrNull toUpper trim type upper valueType
    vector.similarity.cosine vector.similarity.euclidean
"""

HARMLESS = Harmless(frozenset(_PROCEDURES.lower().split()), frozenset(_FUNCTIONS.lower().split()))
