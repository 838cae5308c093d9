"""What would keep a stage from being deployed or from taking calls, found out by reading alone."""
