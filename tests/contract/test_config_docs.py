from scripts.commands.config_table import PAGE, render


def test_the_page_on_configuration_is_true():
    """A knob that is documented wrongly costs a deployment; run scripts/config-table."""
    assert PAGE.read_text() == render()
