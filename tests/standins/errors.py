"""What the builder of the stand-ins can be told to its user."""


class StandinError(Exception):
    """A sentence for the user: what is missing or wrong, and what to do."""
