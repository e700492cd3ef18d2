import numpy as np
from capture_maker import mesh

from animdrive.export.obj import write_obj


def test_another_reader_finds_the_same_mesh(tmp_path):
    import trimesh

    write_obj(mesh(), tmp_path / "face.obj")
    read = trimesh.load(tmp_path / "face.obj", process=False, maintain_order=True)
    np.testing.assert_array_equal(read.vertices.astype(np.float32), mesh().vertices)
    np.testing.assert_array_equal(read.faces, mesh().faces)
    np.testing.assert_array_equal(read.visual.uv.astype(np.float32), mesh().uv)
