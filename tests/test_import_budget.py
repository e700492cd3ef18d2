"""Starting up is quick because nothing heavy is loaded before it is needed."""

import subprocess
import sys

import pytest

HEAVY = ("torch", "mediapipe", "librosa", "cv2", "moderngl", "av", "pocketsphinx", "scipy")


def loaded_after(code):
    """Names of heavy packages that a fresh interpreter has loaded after running `code`."""
    probe = f"import sys\n{code}\nprint([n for n in {HEAVY!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    return done.stdout.strip().splitlines()[-1]


def test_importing_the_package_loads_nothing_heavy():
    assert loaded_after("import animdrive") == "[]"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["audio", "--help"],
        ["video", "--help"],
        ["live", "--help"],
        ["calibrate", "--help"],
        ["capture", "make", "--help"],
        ["audio-model", "train", "--help"],
    ],
)
def test_help_loads_nothing_heavy(arguments):
    code = (
        "from animdrive.cli.main import main\n"
        f"sys.argv = ['animdrive', *{arguments!r}]\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert not stop.code, stop.code"
    )
    assert loaded_after(code) == "[]"


def test_the_contract_loads_numpy_alone():
    assert loaded_after("import animdrive.contract") == "[]"
