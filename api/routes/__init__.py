"""One file a resource; a route says who may, what comes in and what goes out, and hands on."""
