"""Rendered jewelry: inspection photos with exact ground truth. Only `mitsuba_parts` and its users import Mitsuba."""
