"""The wheel: what it holds, and that it installs into a clean environment and answers."""

import os
import subprocess
import sys
import zipfile

import pytest

from tests.house import tree

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

PIP = ["-m", "pip", "--disable-pip-version-check", "--quiet", "--retries", "10", "--timeout", "60"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel built from the tree, with the build backend that the lock pins."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder)]
    subprocess.run([*build, str(tree.ROOT)], check=True, capture_output=True, timeout=600)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_the_packages_and_nothing_else(wheel):
    """Every file of the five packages is in it, data included; tests and tools are not."""
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    ours = {tree.name_of(path) for path in tree.files()}
    assert names == {name for name in ours if name.split("/")[0] in tree.PACKAGES}


def test_the_wheel_installs_into_a_clean_environment_and_answers(wheel, tmp_path):
    """With the locked dependencies, `wl`, `gt` and `bd` work."""
    clean = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", clean], check=True, timeout=600)
    python = clean / "bin" / "python"
    lock = tree.ROOT / "requirements" / "runtime.lock"
    install = [python, *PIP, "install", "--no-compile"]  # it answers three times, then it is gone
    subprocess.run([*install, "--require-hashes", "-r", lock], check=True, timeout=600)
    subprocess.run([*install, "--no-deps", wheel], check=True, timeout=300)
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}

    def says(command: str, *words: str) -> subprocess.CompletedProcess[str]:
        argv = [clean / "bin" / command, *words]
        return subprocess.run(
            argv, env=env, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=300
        )

    version = says("wl", "version")
    assert version.returncode == 0, version.stderr
    assert version.stdout.strip()
    assert says("bd", "init", "--prefix", "api").returncode == 0
    assert says("bd", "create", "one").stdout.startswith("created ○ api-")
    assert "✓ HQ created successfully!" in says("gt", "install", "gt").stdout
