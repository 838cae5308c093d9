"""Order numbers as people say them: digit by digit."""

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_VALUES = {word: str(value) for value, word in enumerate(DIGITS)}


def spell(number: str) -> str:
    """Return the words for the digits in *number*: `427` is `four two seven`."""
    return " ".join(DIGITS[int(digit)] for digit in number if digit in "0123456789")


def digits_in(words: str) -> str:
    """Return the digits that *words* name, and nothing of the rest: `order four two seven` is `427`."""
    return "".join(_VALUES.get(word, "") for word in words.split())
