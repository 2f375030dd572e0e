"""The way to a system: questions, asked or drawn."""
