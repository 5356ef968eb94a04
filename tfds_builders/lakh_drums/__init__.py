"""Windows of drum patterns from Lakh's MIDI files."""
