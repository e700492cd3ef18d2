"""The types that flow through every room, defined once, checked when built, frozen."""

from animdrive.contract.face import FaceFit
from animdrive.contract.frames import CurveFrame
from animdrive.contract.geometry import Camera, Character, Material, Mesh, MeshTrack, Part, Rig
from animdrive.contract.head_shape import HEAD_SHAPE_SIZE, HeadControl, HeadShape
from animdrive.contract.media import AudioClip, LandmarkTrack, VideoClip, VideoFrame
from animdrive.contract.motion import MotionField
from animdrive.contract.names import (
    ARKIT52,
    ARKIT_INDEX,
    MIRROR52,
    MOUTH_CURVES,
    OVR15,
    mirrored_name,
)
from animdrive.contract.provenance import Provenance
from animdrive.contract.tracks import CurveTrack, PhoneTrack, Segment, VisemeTrack, as_arkit

__all__ = [
    "ARKIT52",
    "ARKIT_INDEX",
    "HEAD_SHAPE_SIZE",
    "MIRROR52",
    "MOUTH_CURVES",
    "OVR15",
    "AudioClip",
    "Camera",
    "Character",
    "CurveFrame",
    "CurveTrack",
    "FaceFit",
    "HeadControl",
    "HeadShape",
    "LandmarkTrack",
    "Material",
    "Mesh",
    "MeshTrack",
    "MotionField",
    "Part",
    "PhoneTrack",
    "Provenance",
    "Rig",
    "Segment",
    "VideoClip",
    "VideoFrame",
    "VisemeTrack",
    "as_arkit",
    "mirrored_name",
]
