"""What can go wrong with a browser that a program drives."""


class BrowserError(Exception):
    """The browser does not start, or its page does not come to what was waited for."""
