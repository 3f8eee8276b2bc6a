"""What the models learn from: pairs of golden and upload, from renders, folders, tables and inspectors' verdicts."""
