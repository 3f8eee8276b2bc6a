"""The families of jewelry, each a frozen dataclass of numbers that builds a `Piece`."""
