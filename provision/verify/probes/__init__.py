"""One module a section, each with `measure(target)`; see provision.verify."""
