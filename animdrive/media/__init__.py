"""Files to clips and back: sound, video, pictures. Everything long is streamed."""
