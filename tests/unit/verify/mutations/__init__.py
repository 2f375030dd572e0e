"""What can go wrong on a server, as changes of recorded evidence: one module for each section."""
