"""The change feed, as each reader may see it."""
