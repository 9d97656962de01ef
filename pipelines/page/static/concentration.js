/* How much of the overdue amount lies with how few debtors. */
"use strict";

(function (d) {
  d.pareto = function (points) {
    if (points.length < 2) return d.empty("nothing_overdue");
    const half = points.find((point) => point.amount_share >= 0.8) || points.at(-1);
    const label = d.t("pareto_said", {
      debtors: d.share(half.debtors_share),
      amount: d.share(half.amount_share),
    });
    const option = (colours) => ({
      tooltip: d.tooltip(
        colours,
        ([at]) => d.t("pareto_said", { debtors: d.share(at.value[0], 1), amount: d.share(at.value[1]) }),
        "axis",
      ),
      ...d.shareAxes(colours, d.t("axis_debtors"), d.t("axis_overdue")),
      series: [
        {
          type: "line",
          symbol: "none",
          data: points.map((point) => [point.debtors_share, point.amount_share]),
          lineStyle: { color: colours.accent, width: 2 },
          areaStyle: { color: colours.accent, opacity: 0.12 },
          markPoint: {
            symbol: "circle",
            symbolSize: 10,
            itemStyle: { color: colours.accent },
            data: [{ coord: [half.debtors_share, half.amount_share] }],
            label: { show: false },
          },
        },
      ],
    });
    const columns = [
      { label: d.t("axis_debtors"), class: "n", cell: (row) => d.share(row.debtors_share, 1) },
      { label: d.t("axis_overdue"), class: "n", cell: (row) => d.share(row.amount_share, 1) },
    ];
    return [
      d.el("p", { class: "said" }, label),
      d.chart({
        label,
        option,
        height: 280,
        table: () => d.table(label, columns, points, { class: "data", noRowHead: true }),
      }),
    ];
  };
})(debtscape);
