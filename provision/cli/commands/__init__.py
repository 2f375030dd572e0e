"""One module per verb: read the input, call one function, print the result."""
