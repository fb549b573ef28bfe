"""Many statements at once, each line with its own outcome."""
