"""Reports: figures of the day, and exports of member activity."""
