"""What the hall says: texts, articles, branches; from a hall's folder into the database."""
