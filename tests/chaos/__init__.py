"""Programs that break things on purpose; `make chaos-push` runs them at length."""
