"""Models at work: where they lie, whether their bytes are the signed ones, and the sessions that run them."""
