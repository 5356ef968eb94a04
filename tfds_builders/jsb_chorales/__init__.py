"""Bach's four-part chorales as piano rolls."""
