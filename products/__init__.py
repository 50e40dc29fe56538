"""Products: the catalogue, and applications for what is in it."""
