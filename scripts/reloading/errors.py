"""What can go wrong when a running deployment is given edited code."""


class ReloadError(Exception):
    """The edited code was not deployed; what answered before answers on."""
