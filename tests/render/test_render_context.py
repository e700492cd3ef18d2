import sys

import pytest

from animdrive.errors import DeviceError
from animdrive.render.context import create_context, renderer_info


@pytest.mark.gl
def test_the_renderer_is_named(gl):
    assert "OpenGL" in gl
    assert gl == renderer_info()


def test_no_library_is_one_clear_line_with_the_cure(monkeypatch):
    import moderngl

    def fail(**_settings):
        raise Exception("libEGL.so\n not loaded")

    monkeypatch.setattr(moderngl, "create_context", fail)
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(DeviceError, match=r"No OpenGL 3\.3 .*apt install libegl1") as caught:
        create_context()
    assert "\n" not in str(caught.value)
    assert str(caught.value).count("not loaded") == 1


def test_each_system_has_its_own_cure(monkeypatch):
    import moderngl

    tried = []

    def fail(**settings):
        tried.append(settings)
        raise Exception("no")

    monkeypatch.setattr(moderngl, "create_context", fail)
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(DeviceError, match="graphics driver"):
        renderer_info()
    assert all("backend" not in settings for settings in tried)


def test_without_moderngl_the_package_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "moderngl", None)
    with pytest.raises(DeviceError, match="pip install moderngl"):
        create_context()
