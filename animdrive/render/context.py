"""An OpenGL context without a window, and a clear word where there is none."""

from __future__ import annotations

import sys
from typing import Any

from animdrive.errors import DeviceError

_GL_VERSION = 330
_CURE = {
    "linux": "Install Mesa's software renderer, e.g. 'apt install libegl1 libgl1-mesa-dri'",
    "darwin": "Run it in a session that has a display",
    "win32": "Install a graphics driver, or put Mesa's opengl32.dll beside python.exe",
}


def _ways() -> list[dict[str, Any]]:
    """Return the settings to try, best first."""
    if not sys.platform.startswith("linux"):
        return [{}]
    return [
        {"backend": "egl"},
        # Slim systems have the libraries under these names only and no ldconfig to find them by.
        {"backend": "egl", "libgl": "libGL.so.1", "libegl": "libEGL.so.1"},
        {"backend": "egl", "libgl": "libOpenGL.so.0", "libegl": "libEGL.so.1"},
        {},
    ]


def create_context() -> Any:
    """Return a new moderngl context without a window: through EGL first, then the system's way.

    Raises:
        DeviceError: this machine has no OpenGL 3.3; says what to install.
    """
    try:
        import moderngl
    except ImportError as error:
        raise DeviceError(
            f"No renderer: moderngl cannot be loaded ({error}). Run 'pip install moderngl'."
        ) from error
    reasons: list[str] = []
    for settings in _ways():
        try:
            return moderngl.create_context(standalone=True, require=_GL_VERSION, **settings)
        except Exception as error:  # noqa: BLE001 - the backends raise bare Exception
            reason = " ".join(str(error).split()) or type(error).__name__
            if reason not in reasons:
                reasons.append(reason)
    cure = _CURE.get(sys.platform, _CURE["linux"])
    raise DeviceError(
        f"No OpenGL 3.3 renderer on this machine ({'; '.join(reasons)}). {cure}; "
        f"everything but pictures and previews works without."
    )


def renderer_info() -> str:
    """Return which renderer pictures are drawn with, such as "llvmpipe ..., OpenGL 4.5".

    Raises:
        DeviceError: there is none.
    """
    context = create_context()
    try:
        code = int(context.version_code)
        return f"{context.info['GL_RENDERER']}, OpenGL {code // 100}.{code // 10 % 10}"
    finally:
        context.release()
