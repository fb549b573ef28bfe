"""What everything else stands on: kinds of records, ids, access keys, and what can be wrong."""
