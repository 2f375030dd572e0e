"""inventory.yml: read, checked, edited; new schools in it."""
