"""Business rows: the one source that every reader starts from, and the one writer."""
