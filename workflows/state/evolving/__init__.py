"""The parts of the fold, one for each family of events."""
