"""animdrive turns what people record into a living 3D face."""

__version__ = "0.1.0"
