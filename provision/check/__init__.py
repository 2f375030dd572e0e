"""Before a deployment: looks at server, names and ports, and `judges` of what was seen."""
