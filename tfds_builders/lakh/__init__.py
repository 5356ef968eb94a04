"""What the builders of Lakh share: songs of files, windows of songs, and the report."""
