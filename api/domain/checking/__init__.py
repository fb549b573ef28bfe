"""Whether somebody said this, in these words."""
