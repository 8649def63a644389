"""Draw the curve of a training run."""

from pathlib import Path

from qa.train.state import LOSSES, figures_of, read_curve


def plot_curve(curve: Path, picture: Path) -> None:
    """Draw losses and figures by step into an SVG."""
    from matplotlib.figure import Figure

    rows = read_curve(curve)
    steps = [int(row["step"]) for row in rows]
    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name in LOSSES:
        left.plot(steps, [float(row[f"loss_{name}"]) for row in rows], label=name)
    for name in figures_of(rows[0]):
        right.plot(steps, [figures_of(row)[name] for row in rows], label=name)
    for axes, title in ((left, "loss"), (right, "development part")):
        axes.set_title(title)
        axes.set_xlabel("step")
        if axes.lines:  # a development part without answers has no figures
            axes.legend(fontsize="x-small")
    figure.savefig(picture)
