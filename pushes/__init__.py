"""Pushes: one message to many, one row a recipient, each sent at most once."""
