"""Language without storage: folding and canonical addresses. Pure functions."""
