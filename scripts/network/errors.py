"""What can keep the network laboratory from working."""


class LaboratoryError(Exception):
    """The laboratory cannot be built or used here; the message says what to do."""
