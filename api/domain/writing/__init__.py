"""The one write path, and what goes through it: corrections, mergers, answers remembered for a repeated request."""
