"""What people read: languages, the terminal, errors with their remedies."""
