"""Video of a face to control curves."""

from animdrive.registry import Registry

TRACKERS = Registry(
    "landmark tracker",
    {
        "facemesh": "animdrive.sources.video.tracking.landmarks:FaceMeshTracker",
        "tasks": "animdrive.sources.video.tracking.tasks:TasksTracker",
    },
)
