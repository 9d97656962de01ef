/* How good the forecasts were: in a sentence, as a curve, beside simpler forecasts. */
"use strict";

(function (d) {
  d.reliability = function ({ figures, curve }) {
    const columns = [
      { label: d.t("col_predictor"), cell: (row) => d.code("predictor", row.name) },
      { label: d.t("auc"), class: "n", cell: (row) => d.decimal(row.auc, 3) },
      { label: d.t("brier_skill"), class: "n", cell: (row) => d.share(row.brier_skill, 1) },
      { label: d.t("ece"), class: "n", cell: (row) => d.share(row.ece, 1) },
    ];
    const table = figures.length
      ? [
          d.scroll(
            d.t("nav_reliability"),
            d.table(d.t("nav_reliability"), columns, figures, {
              class: "data",
              rowClass: (row) => row.ours && "ours",
            }),
          ),
          d.el("p", { class: "soft" }, d.t("reliability_means")),
        ]
      : d.empty("no_reliability");
    return [curve && curve.length ? curveSaid(curve) : figures.length > 0 && d.empty("no_curve"), table];
  };

  const points = (share) => Math.round(100 * share);

  function curveSaid(curve) {
    const sentence = (point) =>
      d.t("of_100", {
        from: points(point.from),
        to: points(point.to),
        observed: points(point.observed),
        n: point.predictions,
      });
    const far = curve.reduce((worst, point) =>
      Math.abs(point.predicted - point.observed) > Math.abs(worst.predicted - worst.observed) ? point : worst,
    );
    const likely = [...curve].sort((a, b) => Math.abs(a.predicted - 0.75) - Math.abs(b.predicted - 0.75))[0];
    const label = d.t("curve_said", { gap: points(Math.abs(far.predicted - far.observed)) });
    const option = (colours) => ({
      tooltip: d.tooltip(colours, (at) => (at.data.said ? at.data.said : "")),
      ...d.shareAxes(colours, d.t("axis_predicted"), d.t("axis_observed")),
      series: [
        {
          type: "line",
          symbol: "none",
          silent: true,
          data: [
            [0, 0],
            [1, 1],
          ],
          lineStyle: { color: colours.soft, type: "dashed", width: 1 },
        },
        {
          type: "line",
          symbol: "circle",
          symbolSize: 8,
          data: curve.map((point) => ({ value: [point.predicted, point.observed], said: sentence(point) })),
          lineStyle: { color: colours.accent, width: 2 },
          itemStyle: { color: colours.accent },
        },
      ],
    });
    const columns = [
      { label: d.t("axis_predicted"), class: "n", cell: (row) => d.share(row.predicted, 1) },
      { label: d.t("axis_observed"), class: "n", cell: (row) => d.share(row.observed, 1) },
      { label: d.t("col_predictions"), class: "n", cell: (row) => d.count(row.predictions) },
    ];
    return [
      d.el("p", { class: "said" }, sentence(likely)),
      d.el("p", { class: "soft" }, label),
      d.chart({
        label,
        option,
        height: 280,
        table: () => d.table(label, columns, curve, { class: "data", noRowHead: true }),
      }),
    ];
  }
})(debtscape);
