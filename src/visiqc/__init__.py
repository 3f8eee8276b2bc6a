"""VisiQC compares factory photos with the approved golden sample."""

__version__ = "0.1.0"
