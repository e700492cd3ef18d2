"""Curves to skin."""

from animdrive.registry import Registry

DEFORMERS = Registry("deformer", {"linear": "animdrive.deformer.linear:LinearDeformer"})
"""Every way from curves to skin; each is built from a `Rig`."""
