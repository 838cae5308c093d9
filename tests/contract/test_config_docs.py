from scripts.commands.config_table import PAGE, render


def test_the_page_on_configuration_is_true():
    """A knob that is documented wrongly costs a deployment; run scripts/config-table."""
    assert PAGE.read_text() == render()


def test_every_price_names_the_page_that_it_is_from():
    """A price that nobody can look up is not corrected when AWS changes it."""
    prices = [line.split(" | ")[-1] for line in render().splitlines() if line.startswith("| `")]

    assert [one for one in prices if "US$" in one]
    assert not [one for one in prices if "US$" in one and "aws.amazon.com/" not in one]
