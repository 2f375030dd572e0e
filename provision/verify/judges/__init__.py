"""One module a group of controls; see provision.verify."""
