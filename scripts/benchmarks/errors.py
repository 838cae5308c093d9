"""What stops a benchmark; a missed goal does not."""


class BenchmarkError(Exception):
    """Nothing could be measured; the message says what is broken and what to do."""
