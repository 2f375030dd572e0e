"""A small XMPP client for probes, over websocket and BOSH as browsers speak it.

Whatever a server does, a probe ends: `Limits` bounds time and amount, the XML parser takes no
declarations, and every failure is a NotMeasuredError with a sentence for people.
"""
