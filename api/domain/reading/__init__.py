"""Stored documents sent as they lie there, with the names of others put in place."""
