"""pocketsphinx as an aligner beside our own."""
