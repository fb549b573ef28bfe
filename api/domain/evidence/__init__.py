"""What is on record besides persons and outlets: statements, their sources, reviews and relations."""
