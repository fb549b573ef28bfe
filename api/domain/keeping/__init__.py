"""What whoever runs a store needs: proofs, indexes made anew, backups, erasures, a diagnosis."""
