"""Who is in a clip, where a profile tells."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from animdrive.sources.video.face import FaceConfig
    from animdrive.sources.video.fitting.person import Person


@dataclass(frozen=True, eq=False)
class KnownPerson:
    """A person and the file that tells of them."""

    path: Path
    """The profile."""
    person: Person
    """Their face at rest."""


def known_person(profile: Path | None, config: FaceConfig) -> tuple[KnownPerson | None, FaceConfig]:
    """Return the person of `profile`, and the settings with its focal length.

    Raises:
        InputError: the file is no profile.
    """
    if profile is None:
        return None, config
    from animdrive.sources.video.profile import read_profile

    read = read_profile(profile)
    if read.focal is not None:
        config = replace(config, focal=read.focal)
    return KnownPerson(Path(profile), read.person), config
