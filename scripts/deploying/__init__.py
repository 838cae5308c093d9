"""A stage and the account that it is, or is to be, deployed in."""
