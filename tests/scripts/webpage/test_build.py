"""The page is made from its lock and its source, the same each time, and holds nobody else's address."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.settings.page import PageSettings
from scripts.bundling.bundle import our_files
from scripts.webpage.build import SERVED_BY, check_types, make_page
from scripts.webpage.errors import PackagesError, SourceError
from scripts.webpage.packages import CACHE, SOURCE

ROOT = Path(__file__).resolve().parents[3]
OTHERS = re.compile(
    r"https?://(?!github\.com/|www\.w3\.org/|127\.0\.0\.1)[\w.-]+|daily\.co|sentry", re.IGNORECASE
)


@pytest.fixture
def copy(tmp_path):
    """A repository with nothing but the page's source and the packages that were fetched already."""
    make_page(ROOT, ROOT / "build/page")
    shutil.copytree(ROOT / SOURCE, tmp_path / SOURCE)
    for name in SERVED_BY:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, tmp_path / name)
    (tmp_path / CACHE).parent.mkdir()
    (tmp_path / CACHE).symlink_to(ROOT / CACHE)
    return tmp_path


def content(page):
    """Return what is deployed: not the byte-code of whoever has run the page's function from where it was made."""
    files = (file for file in page.rglob("*") if file.is_file() and file.parent.name != "__pycache__")
    return {str(file.relative_to(page)): file.read_bytes() for file in files}


def served(page):
    """Return the files that a browser may load, by their names; there is one version of each."""
    return {file.name: file for file in (page / "files").rglob("*") if file.is_file()}


def test_the_same_source_makes_the_same_page(copy):
    """What a reviewer has read is what a browser loads, whoever built it and wherever."""
    assert make_page(copy, copy / "page")

    assert content(copy / "page") == content(ROOT / "build/page")


def test_nothing_is_done_twice(copy):
    """`scripts/local` asks each time it starts."""
    assert make_page(copy, copy / "page")
    made = (copy / "page/files/index.html").stat().st_mtime_ns

    assert not make_page(copy, copy / "page")
    assert (copy / "page/files/index.html").stat().st_mtime_ns == made


def test_the_page_knows_no_host_of_anybody_else():
    """Pipecat's prebuilt page loads code from Daily and reports to Sentry; ours works offline and tells nobody."""
    make_page(ROOT, ROOT / "build/page")

    texts = [file for file in served(ROOT / "build/page").values() if file.suffix in {".js", ".html", ".css"}]

    assert len(texts) == 6
    assert not {found for file in texts for found in OTHERS.findall(file.read_text())}


def test_a_browser_never_mixes_two_versions(copy):
    """What it keeps for ever is found at another address as soon as any of it is another."""
    make_page(copy, copy / "page")
    before = served(copy / "page")
    with (copy / SOURCE / "style.css").open("a") as style:
        style.write("p { color: red; }\n")

    make_page(copy, copy / "page")
    after = served(copy / "page")

    assert after["main.js"].parent.name != before["main.js"].parent.name
    assert f"page/{after['main.js'].parent.name}/main.js" in after["index.html"].read_text()


def test_the_function_needs_nothing_but_what_is_beside_it():
    """A module that was forgotten shows here, not at the first caller's."""
    make_page(ROOT, ROOT / "build/page")
    settings = PageSettings(stage="t", agent_origin="wss://agent.test", before_call="path", auth_kind="iam")
    ask = "from runtime.door.call_page import handle_page as h; print(h({'routeKey': 'GET /'}, None)['body'])"

    page = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, '.'); {ask}"],
        cwd=ROOT / "build/page",
        env=settings.to_environment(),
        capture_output=True,
        text=True,
        check=True,
    )

    assert page.stdout.startswith("<!doctype html>")


def test_the_licences_of_what_is_inside_are_shipped():
    """BSD and MIT ask for it."""
    make_page(ROOT, ROOT / "build/page")

    licences = served(ROOT / "build/page")["licences.txt"].read_text()

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
