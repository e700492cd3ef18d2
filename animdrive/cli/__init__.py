"""The command line: types and help here, work in `pipeline`."""
