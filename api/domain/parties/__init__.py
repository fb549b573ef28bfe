"""Who speaks and who prints, and who stands for whom after a merger."""
