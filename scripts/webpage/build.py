"""Make the call page: packages from npm, bundled by esbuild, with the licences of what went in.

What comes out is the code of the Lambda function that serves it: `files/index.html`, everything else that
a browser loads in one folder of `files/` that is named after its content, and the Python beside them.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from scripts.webpage.errors import SourceError
from scripts.webpage.packages import NODE, SOURCE, find_or_install

ENTRY_POINTS = (
    "src/main.ts",
    "src/worklets/microphone.ts",
    "src/worklets/player.ts",
    "src/worklets/meter.ts",
)
STATIC = ("style.css", "icon.svg")
INDEX = "index.html"
FILES = "files"
# All that the function imports of ours; its handler finds the page two folders above itself.
SERVED_BY = (
    "runtime/__init__.py",
    "runtime/errors.py",
    "runtime/settings/__init__.py",
    "runtime/settings/environment.py",
    "runtime/settings/page.py",
    "runtime/door/__init__.py",
    "runtime/door/call_page.py",
)
VERSION = "{version}"
"""Stands in index.html for the name of the folder with the rest."""
VERSION_CHARACTERS = 16
BUNDLED = (".ts", ".html", ".css", ".svg", ".json", ".js")
TARGET = "es2022"
"""Every browser of the last three years; WebRTC's and AudioWorklet's own demands are older."""
STAMP = "made-from"


def make_page(root: Path, page: Path) -> bool:
    """Bring *page* up to date with its source; return whether there was anything to do.

    Raises:
        PageError: The page was not made; an older one is left as it was.
    """
    made_from = fingerprint(root)
    if _is_made_from(page, made_from):
        return False
    with _one_at_a_time(root):
        if _is_made_from(page, made_from):
            return False
        modules = find_or_install(root)
        page.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=page.parent, prefix="page-") as apart:
            made = Path(apart, page.name)
            _bundle(root / SOURCE, modules, made / FILES)
            _add_function(root, made)
            (made / STAMP).write_text(made_from)
            shutil.rmtree(page, ignore_errors=True)
            made.rename(page)
    return True


def check_types(root: Path) -> None:
    """Let TypeScript judge the page's source.

    Raises:
        SourceError: It found something.
    """
    modules = find_or_install(root)
    config = {"extends": str(root / SOURCE / "tsconfig.json")}
    paths = {"*": [f"{modules}/*"]}
    options = {"compilerOptions": {"paths": paths}, "include": [f"{root / SOURCE}/src"]}
    with tempfile.NamedTemporaryFile("w", dir=modules.parent, prefix="tsconfig-", suffix=".json") as file:
        json.dump(config | options, file)
        file.flush()
        _run([NODE, modules / "typescript/bin/tsc", "--project", file.name], modules)


def fingerprint(root: Path) -> str:
    """Identify everything that decides about the page."""
    digest = hashlib.sha256()
    sources = sorted(file for file in (root / SOURCE).rglob("*") if file.suffix in BUNDLED)
    for file in (Path(__file__), *sources, *(root / one for one in SERVED_BY)):
        digest.update(f"\0{file.name}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _is_made_from(page: Path, made_from: str) -> bool:
    stamp = page / STAMP
    return stamp.exists() and stamp.read_text() == made_from


def _bundle(source: Path, modules: Path, files: Path) -> None:
    apart = files / "unnamed"
    apart.mkdir(parents=True)
    report = files / "report.json"
    esbuild = [NODE, modules / "esbuild/bin/esbuild"]
    entries = [source / one for one in ENTRY_POINTS]
    shape = ["--bundle", "--minify", "--format=esm", "--charset=utf8", "--legal-comments=none"]
    places = [f"--outdir={apart}", "--entry-names=[name]", f"--metafile={report}", "--log-level=warning"]
    _run([*esbuild, *entries, *shape, f"--target={TARGET}", *places], modules)
    for name in STATIC:
        shutil.copyfile(source / name, apart / name)
    (apart / "licences.txt").write_text(_licences(json.loads(report.read_text()), modules))
    report.unlink()
    version = _version(apart)
    apart.rename(files / version)
    (files / INDEX).write_text((source / INDEX).read_text().replace(VERSION, version))


def _version(folder: Path) -> str:
    """Name what is in *folder*: a browser may keep for ever what it loaded from an address with this name."""
    digest = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        digest.update(f"\0{file.name}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:VERSION_CHARACTERS]


def _add_function(root: Path, page: Path) -> None:
    for name in SERVED_BY:
        (page / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, page / name)


def _licences(report: Mapping[str, Mapping[str, object]], modules: Path) -> str:
    """Return the licences of every package that the bundle contains, as they ask for."""
    inside = {_package(name) for name in report["inputs"] if "node_modules/" in name}
    return "\n\n".join(_licence(modules / package) for package in sorted(inside))


def _package(file: str) -> str:
    parts = file.rsplit("node_modules/", 1)[1].split("/")
    return "/".join(parts[: 2 if parts[0].startswith("@") else 1])


def _licence(package: Path) -> str:
    about = json.loads((package / "package.json").read_text())
    texts = [file.read_text() for file in sorted(package.glob("LICEN[CS]E*"))]
    return "\n".join([f"{about['name']} {about['version']}: {about.get('license', '')}", *texts])


def _run(command: list[str | Path], modules: Path) -> None:
    done = subprocess.run(
        list(map(str, command)),
        env={**os.environ, "NODE_PATH": str(modules)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SourceError(f"The page's source is not right, so it was not made.\n{done.stdout.strip()}")


@contextmanager
def _one_at_a_time(root: Path) -> Iterator[None]:
    (root / ".cache").mkdir(exist_ok=True)
    with (root / ".cache/page.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
