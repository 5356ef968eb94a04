"""Piano music of piano-midi.de as piano rolls."""
