"""The control API: what tests and the phone do to users, account, clock and wire."""
