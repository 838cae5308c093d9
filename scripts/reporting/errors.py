"""What can go wrong while a report is made."""


class ReportError(Exception):
    """No report was written; the message says why and what to do."""
