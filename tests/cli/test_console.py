"""What a long stage says in a log."""

from animdrive.cli import console


def test_a_long_stage_tells_now_and_then_how_far_it_is(monkeypatch, capsys):
    clock = iter([0.0, 0.0, 10.0, 40.0, 50.0, 100.0])
    monkeypatch.setattr(console, "perf_counter", lambda: next(clock))
    with console.shown_progress() as tell:
        for done in (0.0, 0.1, 0.25, 0.3, 1.0):
            tell("simulate", done)
    said = capsys.readouterr().err.splitlines()
    assert said == ["simulate: 25 %, about 2.0 min left", "simulate: done"]
