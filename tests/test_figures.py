from pipelines.learning.figures import figures_of
from pipelines.showing import console

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


BACKTEST = {
    "figures": figures_of(EVALUATION),
    "folds": 1,
    "measured": "9 predictions",
    "left_out": [],
    "summary": "out/summary.html",
    "path": "out",
}


def test_terminal_shows_them(capsys):
    """Every figure of a row stands under its name, in at most 100 columns, and the names are explained."""
    console.show_backtest(BACKTEST)
    shown = capsys.readouterr().out
    assert all(figure in shown for figure in ("0.812", "5.556", "0.845", "0.832"))
    (header,) = (line for line in shown.splitlines() if line.startswith("predicted by"))
    assert header.split()[-4:] == ["days", "off", "held", "claimed"]
    assert "Held: share of payments" in shown
    assert max(map(len, shown.splitlines())) <= 100


def test_a_backtest_says_where_its_summary_is_and_what_is_left_out(capsys):
    """A warning for each fold that could not be measured; none where all were."""
    console.show_backtest(BACKTEST)
    shown = capsys.readouterr().out
    assert "Summary: out/summary.html" in shown
    assert "warning" not in shown
    console.show_backtest(BACKTEST | {"left_out": [{"cutoff": "2025-01-01", "why": "too few rows."}]})
    assert "warning the fold of 2025-01-01 is left out: too few rows." in capsys.readouterr().out


def test_training_says_which_segments_are_left_to_the_rule(capsys):
    """In the gate's own words; nothing where there are none."""
    model = {"version": "1", "alias": "champion", "reasons": ["Better."], "rule_segments": {}}
    result = {"as_of": "2025-01-01", "measured": "", "figures": [], "warnings": []}
    console.show_training(result | {"models": {"payment-time": model}})
    assert "rule" not in capsys.readouterr().out
    left = {"LATE": "The rule speaks for segment LATE."}
    console.show_training(result | {"models": {"payment-time": model | {"rule_segments": left}}})
    assert "The rule speaks for segment LATE." in capsys.readouterr().out
