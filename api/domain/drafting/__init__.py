"""Records in the making: what is held already, whom they name, and what they would double."""
