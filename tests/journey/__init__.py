"""The newcomer's path, walked in a browser through the real processes."""
