"""Train the reader: `python -m qa.train ROWS`, which `make reader` runs."""
