"""Defects: from a good piece and a camera to the piece damaged, and the rule that finds the damage in the photo."""
