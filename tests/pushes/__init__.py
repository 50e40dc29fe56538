"""Pushes: their engine on real databases, the outside pretended."""
