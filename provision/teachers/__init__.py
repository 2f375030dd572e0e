"""The accounts of teachers."""
