import numpy as np
import pytest
from capture_maker import mesh

from animdrive.errors import InputError
from animdrive.export.obj import read_obj, write_obj


def test_another_reader_finds_the_same_mesh(tmp_path):
    import trimesh

    write_obj(mesh(), tmp_path / "face.obj")
    read = trimesh.load(tmp_path / "face.obj", process=False, maintain_order=True)
    np.testing.assert_array_equal(read.vertices.astype(np.float32), mesh().vertices)
    np.testing.assert_array_equal(read.faces, mesh().faces)
    np.testing.assert_array_equal(read.visual.uv.astype(np.float32), mesh().uv)


def test_our_own_reader_finds_the_same_mesh_to_the_last_bit(tmp_path):
    write_obj(mesh(), tmp_path / "face.obj")
    read = read_obj(tmp_path / "face.obj")
    np.testing.assert_array_equal(read.vertices, mesh().vertices)
    np.testing.assert_array_equal(read.faces, mesh().faces)
    np.testing.assert_array_equal(read.uv, mesh().uv)


FOREIGN = b"""# colours, polygons, counting from the end, a line that goes on, a hole
mtllib a.mtl
o face
v 0 0 0 0.5 0.5 0.5
v 1 0 0 0.5 0.5 0.5
v 1 1 0 0.5 0.5 0.5
v 0 1 nan 0.5 0.5 0.5
vt 0.25 0.5
vt 0.75 0.125 0
g front
s off
f 1/1/1 2/2/1 3//1 \\
 4/1
f -4 -3 -2 # a comment
"""


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_what_other_programs_write_is_understood(tmp_path, end):
    (tmp_path / "a.obj").write_bytes(FOREIGN.replace(b"\\\\", b"\\").replace(b"\n", end))
    read = read_obj(tmp_path / "a.obj")
    np.testing.assert_array_equal(read.vertices[:3], [[0, 0, 0], [1, 0, 0], [1, 1, 0]])
    assert np.isnan(read.vertices[3, 2])
    assert read.faces.tolist() == [[0, 1, 2], [0, 2, 3], [0, 1, 2]]
    np.testing.assert_array_equal(read.uv, [[0.25, 0.5], [0.75, 0.125], [0, 0], [0.25, 0.5]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("solid stl", "has no vertices: it is no OBJ file"),
        ("v 1 2\n", "a line has 2 of 3 numbers"),
        ("v 1 2 x\n", "'1 2 x' is no place"),
        ("v 1 2 3\nf 1 1\n", "a face has 2 corners"),
        ("v 1 2 3\nf 1 1 2\n", "a face names vertex 2 of 1"),
        ("v 1 2 3\nf 1 1 -2\n", "a face names vertex"),
        ("v 1 2 3\nf 1/1 1/1 1/1\n", "a face names texture coordinate 1 of 0"),
        ("v 1 2 3\nf a b c\n", "'a' is no corner"),
    ],
)
def test_broken_files_are_told(tmp_path, text, message):
    (tmp_path / "a.obj").write_text(text)
    with pytest.raises(InputError, match=message):
        read_obj(tmp_path / "a.obj")
