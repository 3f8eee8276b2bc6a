"""The stories: enrol a golden, approve it, score a photo, calibrate."""
