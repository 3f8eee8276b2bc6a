"""The HTTP service: photos in, verdicts out, nothing decided here that a story could decide."""
