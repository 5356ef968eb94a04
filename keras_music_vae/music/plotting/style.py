"""What all figures share: colours, and a figure that needs no display."""

IN_KEY = "#2f6d9e"
OFF_KEY = "#e2672e"
INK = "#33383d"
LINE = "#c3c8cd"
PALE = "#b4bac0"

# Eight hues, and the same paler.
TRACKS = (
    IN_KEY, "#c9543b", "#4b9b6e", "#8a6bb0", "#c99a2e", "#5aa9b8", "#b0668c", "#7d8a3c",
    "#8db4d6", "#e3a08f", "#9fcfb1", "#c0add9", "#e3c886", "#a5d3db", "#d9b3c6", "#bcc487",
)  # fmt: skip


def new_figure(width, height):
    """Returns an empty matplotlib Figure, `width` by `height` inches.

    Raises:
        ImportError: if matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            f"Drawing needs matplotlib, which could not be imported ({error}). "
            "Install it: pip install 'keras-music-vae[reproduce]'"
        ) from error
    # A Figure of its own rather than pyplot's: no display, no global state.
    figure = Figure(figsize=(width, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.08)
    return figure


def set_title(axes, title, size=11):
    """Writes a title over the left edge of `axes`, `size` points high."""
    axes.set_title(title, loc="left", color=INK, fontsize=size, fontweight="bold", pad=0.7 * size)
