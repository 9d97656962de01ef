"""How our pictures look: one figure as PNG, in the colours of the reports; same figures, same bytes."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

WIDTH, HEIGHT, DOTS_PER_INCH = 6.0, 4.2, 120
INK, SOFT, LINE = "#1d2733", "#64717f", "#e3e7ec"
OURS = "#1f5f8b"
OTHERS = ("#4f9d86", "#de9548", "#a63a3a", "#7b6ba8", "#b0883a", "#7b8794")


def picture(draw: Callable[[Axes], bool]) -> bytes | None:
    """Return the PNG of what `draw` puts on the axes; None where it says that there is nothing to show."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context():
        matplotlib.rcdefaults()  # nobody's own settings in the picture
        figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DOTS_PER_INCH, layout="constrained")
        axes = figure.add_subplot()
        if not draw(axes):
            return None
        axes.grid(color=LINE, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.spines[:].set_visible(False)
        axes.tick_params(length=0, labelsize=9, labelcolor=SOFT)
        for label in (axes.xaxis.label, axes.yaxis.label):
            label.set(color=INK, fontsize=9)
        axes.legend(frameon=False, fontsize=8, labelcolor=INK)
        content = io.BytesIO()
        figure.savefig(content, format="png", metadata={"Software": None})
    return content.getvalue()


def in_percent(axis: Axis) -> None:
    """Write the axis of a share in percent."""
    from matplotlib.ticker import PercentFormatter

    axis.set_major_formatter(PercentFormatter(1, decimals=0, symbol=" %"))
