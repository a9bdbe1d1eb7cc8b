"""Sessions out into files, and in from files: ours, and those of other programs."""
