"""The way in: the first contact with a server, its keys, ours, and sudo there."""
