"""What all figures share: colours, and a figure that needs no display."""

IN_KEY = "#2f6d9e"
OFF_KEY = "#e2672e"
INK = "#33383d"
LINE = "#c3c8cd"
PALE = "#b4bac0"


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


def set_title(axes, title):
    """Writes a title over the left edge of `axes`."""
    axes.set_title(title, loc="left", color=INK, fontsize=11, fontweight="bold", pad=8)
