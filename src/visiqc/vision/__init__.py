"""What pixels say: arrays in, arrays or small frozen records out. No file, clock, database or network."""
