"""Certificates: a school's own, how long they live, and whom to trust."""
