"""What the business says: outcomes, verdicts, goldens, calibration. Standard library only."""
