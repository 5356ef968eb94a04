"""Measures of trained models and of the music they make."""
