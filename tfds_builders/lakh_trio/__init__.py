"""Windows of trios from Lakh's MIDI files."""
