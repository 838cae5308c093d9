"""What can go wrong while the bundle is made."""


class BundleError(Exception):
    """No bundle was written; the message says why and what to do.  An older one is left as it was."""
