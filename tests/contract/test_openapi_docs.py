from scripts.commands.openapi import DOCUMENT, render


def test_the_document_of_the_api_is_true():
    """Programs are generated from it; run scripts/openapi."""
    assert DOCUMENT.read_text() == render()
