"""What is noted of documents so that they are found, counted and shown to those who may see them."""
