"""The calendar of pushes: days, plans, proposals."""
