"""Sopranos of Bach's chorales in measures of 24 ticks."""
