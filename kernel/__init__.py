"""The ground every room stands on: database, clock, refusals, queue, scheduler, secrets."""
