"""Windows of melodies from Lakh's MIDI files."""
