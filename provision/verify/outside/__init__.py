"""What the probes from outside share: time that ends, connections, answers, scripts.

Whatever is at the other end may be slow, endless, broken or hostile: everything in here gives up
at a deadline and at a size, and says so.
"""
