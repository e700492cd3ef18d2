"""``python -m animdrive`` is the command ``animdrive``."""

from animdrive.cli.main import main

main()
