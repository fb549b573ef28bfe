"""Lists of records: filtered, sorted, paged, sampled, streamed, and shaped as was asked."""
