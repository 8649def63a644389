"""A package, for pytest to close the browser after its last test: the event loop it brings would be in others' way."""
