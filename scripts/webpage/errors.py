"""What can go wrong while the call page is made.

PageError
├── PackagesError   npm could not supply what the lock names: go online once
└── SourceError     the page's source is wrong: mend it
"""


class PageError(Exception):
    """The page was not made; an older one is left as it was."""


class PackagesError(PageError):
    """npm could not supply what package-lock.json names."""


class SourceError(PageError):
    """The page's source does not build or its types are wrong."""
