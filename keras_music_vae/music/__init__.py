"""Music as NumPy arrays: keys, windows, representations, MIDI. Knows no Keras and no TensorFlow."""
