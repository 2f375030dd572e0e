"""A deployment: what is run and shown, what the roles call, what they bring."""
