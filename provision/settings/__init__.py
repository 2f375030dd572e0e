"""The table of settings, and which values each may have."""
