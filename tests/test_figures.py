from pipelines import console
from pipelines.figures import figures_of

EVALUATION = {
    "models": {
        "payment_time": {
            "pooled": {
                "late": {
                    "auc": {"value": 0.81234, "low": 0.7, "high": 0.9},
                    "brier_skill": None,
                    "ece": None,
                },
                "dates": {
                    "mae_days": {"value": 5.5555, "low": 5.0, "high": 6.0},
                    "coverage": {"value": 0.8449, "low": 0.8, "high": 0.9},
                    "claimed_coverage": 0.83162,
                },
            }
        },
        "own_rate": {"pooled": {}},
    }
}


def test_first_figures_of_each_predictor():
    """Point estimates to three digits; what is not given or not measurable is empty."""
    assert figures_of(EVALUATION) == [
        {
            "predictor": "payment_time",
            "auc": 0.812,
            "brier_skill": None,
            "ece": None,
            "mae_days": 5.556,
            "coverage": 0.845,
            "claimed_coverage": 0.832,
        },
        {"predictor": "own_rate"}
        | dict.fromkeys(("auc", "brier_skill", "ece", "mae_days", "coverage", "claimed_coverage")),
    ]


def test_terminal_shows_them(capsys):
    """Every figure of a row is printed."""
    console.show_backtest({"figures": figures_of(EVALUATION), "folds": 1, "measured": "", "path": "out"})
    shown = capsys.readouterr().out
    assert all(figure in shown for figure in ("0.812", "5.556", "0.845", "0.832"))
