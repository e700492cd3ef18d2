"""Runs the command in this process and catches what it says."""

from dataclasses import dataclass

import pytest

from animdrive.cli.main import main


@dataclass
class Ran:
    code: int
    out: str
    err: str


@pytest.fixture
def animdrive(capsys, monkeypatch):
    """Call ``animdrive ARGUMENT...`` and return status, stdout and stderr."""

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["animdrive", *map(str, arguments)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return run
