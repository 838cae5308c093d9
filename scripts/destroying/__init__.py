"""Taking a stage away, and saying what is left of it."""
