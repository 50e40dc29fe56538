"""What the hall does: answers to messages, queue actors, timed jobs, commands."""
