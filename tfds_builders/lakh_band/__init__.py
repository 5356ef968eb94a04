"""Windows of bands from Lakh's MIDI files."""
