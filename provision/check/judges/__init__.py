"""What follows from what was seen: pure functions, each for one thing."""
