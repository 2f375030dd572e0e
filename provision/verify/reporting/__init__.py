"""What one run says: as data, on the terminal, as a page, beside inventory.yml."""
