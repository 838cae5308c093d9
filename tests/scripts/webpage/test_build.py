"""The page is made from its lock and its source, the same each time, and holds nobody else's address."""

import re
import shutil
from pathlib import Path

import pytest

from scripts.bundling.bundle import our_files
from scripts.webpage.build import check_types, make_page
from scripts.webpage.errors import PackagesError, SourceError
from scripts.webpage.packages import CACHE, SOURCE

ROOT = Path(__file__).resolve().parents[3]
OTHERS = re.compile(r"https?://(?!github\.com/|www\.w3\.org/)[\w.-]+|daily\.co|sentry", re.IGNORECASE)


@pytest.fixture
def copy(tmp_path):
    """A repository with nothing but the page's source and the packages that were fetched already."""
    make_page(ROOT, ROOT / "build/page")
    shutil.copytree(ROOT / SOURCE, tmp_path / SOURCE)
    (tmp_path / CACHE).parent.mkdir()
    (tmp_path / CACHE).symlink_to(ROOT / CACHE)
    return tmp_path


def content(page):
    return {file.name: file.read_bytes() for file in page.iterdir()}


def test_the_same_source_makes_the_same_page(copy):
    """What a reviewer has read is what a browser loads, whoever built it and wherever."""
    assert make_page(copy, copy / "page")

    assert content(copy / "page") == content(ROOT / "build/page")


def test_nothing_is_done_twice(copy):
    """`scripts/local` asks each time it starts."""
    assert make_page(copy, copy / "page")
    made = (copy / "page/main.js").stat().st_mtime_ns

    assert not make_page(copy, copy / "page")
    assert (copy / "page/main.js").stat().st_mtime_ns == made


def test_the_page_knows_no_host_of_anybody_else():
    """Pipecat's prebuilt page loads code from Daily and reports to Sentry; ours works offline and tells nobody."""
    make_page(ROOT, ROOT / "build/page")

    served = [file for file in (ROOT / "build/page").iterdir() if file.suffix in {".js", ".html", ".css"}]

    assert len(served) == 6
    assert not {found for file in served for found in OTHERS.findall(file.read_text())}


def test_the_licences_of_what_is_inside_are_shipped():
    """BSD and MIT ask for it."""
    make_page(ROOT, ROOT / "build/page")

    licences = (ROOT / "build/page/licences.txt").read_text()

    assert "@pipecat-ai/websocket-transport 1.7.1: BSD-2-Clause" in licences
    assert "Redistribution and use in source and binary forms" in licences


def test_the_page_is_no_part_of_the_agent():
    """A change of a colour must not replace the runtime."""
    assert not [file for file in our_files(ROOT) if (ROOT / SOURCE) in file.parents]


def test_a_type_that_is_wrong_fails_the_check(copy):
    """esbuild removes types without a look at them."""
    check_types(copy)
    with (copy / SOURCE / "src/path.ts").open("a") as source:
        source.write('export const wrong: number = "text";\n')

    with pytest.raises(SourceError, match=r"path\.ts"):
        check_types(copy)


def test_a_source_that_does_not_build_leaves_the_old_page(copy):
    """Somebody may be looking at it."""
    make_page(copy, copy / "page")
    before = content(copy / "page")
    (copy / SOURCE / "src/main.ts").write_text("const = ;")

    with pytest.raises(SourceError, match=r"main\.ts"):
        make_page(copy, copy / "page")

    assert content(copy / "page") == before


def test_without_network_the_first_time_says_what_is_missing(copy, monkeypatch, tmp_path):
    """The packages come from npm once; a plane is a bad place for the first time."""
    (copy / CACHE).unlink()
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")

    with pytest.raises(PackagesError, match="is this machine online"):
        make_page(copy, copy / "page")

    assert not (copy / "page").exists()
