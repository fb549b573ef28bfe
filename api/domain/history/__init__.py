"""The log: what was written, in its order, chained so that nobody can rewrite it unseen."""
