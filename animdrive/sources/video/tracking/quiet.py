"""Keeping native libraries quiet: what they log is nothing that a user can act on."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from typing import IO, Any


class QuietUntilFound:
    """Keeps stderr quiet around calls until one has found a face.

    MediaPipe's graphs log a line when each of their nodes first runs, and some nodes run
    only once there is a face. Afterwards there is nothing to hide, and nothing is hidden.
    """

    def __init__(self) -> None:
        self.found = False
        self._quiet: contextlib.AbstractContextManager[None] | None = None

    def __enter__(self) -> None:
        if not self.found:
            self._quiet = quiet_stderr()
            self._quiet.__enter__()

    def __exit__(self, *error: Any) -> None:
        if self._quiet is not None:
            quiet, self._quiet = self._quiet, None
            quiet.__exit__(*error)


class _Descriptor2:
    """The process's one stderr, turned aside for as long as anybody wants quiet.

    Counted, for trackers may run in several threads: each one turning it aside and back on its
    own would leave it aside for good when they end in another order than they began.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted_by = 0
        self._own: int | None = None
        self._kept: IO[bytes] | None = None
        self._failed = False

    def turn_aside(self) -> None:
        with self._lock:
            self._wanted_by += 1
            if self._wanted_by == 1:
                with contextlib.suppress(OSError):  # no stderr at all (a windowed program)
                    self._own = os.dup(2)
                    self._kept = tempfile.TemporaryFile()
                    os.dup2(self._kept.fileno(), 2)

    def turn_back(self, *, failed: bool) -> None:
        """Undo one `turn_aside`; the last one shows what was kept, if any of them failed."""
        with self._lock:
            self._failed |= failed
            self._wanted_by -= 1
            if self._wanted_by:
                return
            if self._own is not None:
                os.dup2(self._own, 2)
                os.close(self._own)
            if self._kept is not None:
                if self._failed:
                    self._kept.seek(0)
                    os.write(2, self._kept.read())
                self._kept.close()
            self._own, self._kept, self._failed = None, None, False


_descriptor_2 = _Descriptor2()


@contextlib.contextmanager
def quiet_stderr() -> Iterator[None]:
    """Keep what native code writes to stderr from the user, unless an exception leaves.

    Python's logging settings do not reach the C++ libraries, which write to descriptor 2. What
    other threads write there meanwhile is kept from the user, too.
    """
    with contextlib.suppress(AttributeError, OSError, ValueError):
        sys.stderr.flush()
    _descriptor_2.turn_aside()
    failed = True
    try:
        yield
        failed = False
    except KeyboardInterrupt:
        failed = False  # stopped, not broken
        raise
    finally:
        _descriptor_2.turn_back(failed=failed)
