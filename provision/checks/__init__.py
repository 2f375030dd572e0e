"""Looks at one thing each, as pure functions: what is wrong, and how to put it right."""
