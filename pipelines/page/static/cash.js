/* The cash forecast: its band by weeks or days, and as a table. */
"use strict";

(function (d) {
  d.cash = function ({ weeks, days }) {
    if (!weeks.length) return d.empty("nothing_here");
    const total = weeks.reduce((sum, week) => sum + week.expected_minor, 0);
    const label = d.t("cash_said", { n: weeks.length, total: d.money(total, d.currency) });
    const charts = d.el("div", null, bandChart(label, weeks, true));
    const choice = (by, rows) =>
      d.el(
        "button",
        {
          type: "button",
          "aria-pressed": String(by === "weeks"),
          onclick: (event) => {
            for (const button of event.target.parentNode.children)
              button.setAttribute("aria-pressed", String(button === event.target));
            d.replace(charts, bandChart(label, rows, by === "weeks"));
          },
        },
        d.t(`by_${by}`),
      );
    return [
      d.el("p", { class: "said" }, label),
      days.length > 0 &&
        d.el(
          "div",
          { class: "choice", role: "group", "aria-label": d.t("cash_steps") },
          choice("weeks", weeks),
          choice("days", days),
        ),
      charts,
    ];
  };

  function bandChart(label, rows, weekly) {
    const series = (name, data, more) => ({ name, type: "line", symbol: "none", data, ...more });
    const option = (colours) => ({
      tooltip: d.tooltip(colours, (points) => cashWords(rows[points[0].dataIndex], weekly), "axis"),
      legend: {
        top: 0,
        right: 0,
        textStyle: { color: colours.soft, fontSize: 11 },
        itemWidth: 16,
        itemHeight: 8,
        data: [d.t("expected"), d.t("band"), ...(weekly ? [d.t("falls_due")] : [])],
      },
      grid: { left: 60, right: 16, top: 34, bottom: 28 },
      xAxis: d.axis(colours, {
        type: "category",
        boundaryGap: weekly,
        data: rows.map((row) => d.day(row.starts_on, "short")),
        splitLine: { show: false },
      }),
      yAxis: d.axis(colours, {
        type: "value",
        axisLabel: {
          color: colours.soft,
          fontSize: 11,
          formatter: (value) => d.shortMoney(value, d.currency),
        },
      }),
      series: [
        weekly && {
          name: d.t("falls_due"),
          type: "bar",
          barMaxWidth: 22,
          itemStyle: { color: colours.due, opacity: 0.45 },
          data: rows.map((row) => row.due_minor),
        },
        series(
          "low",
          rows.map((row) => row.p10_minor),
          { stack: "band", lineStyle: { opacity: 0 } },
        ),
        series(
          d.t("band"),
          rows.map((row) => row.p90_minor - row.p10_minor),
          {
            stack: "band",
            lineStyle: { opacity: 0 },
            areaStyle: { color: colours.band, opacity: 0.5 },
            itemStyle: { color: colours.band },
          },
        ),
        series(
          d.t("expected"),
          rows.map((row) => row.expected_minor),
          {
            lineStyle: { color: colours.accent, width: 2 },
            itemStyle: { color: colours.accent },
            symbol: weekly ? "circle" : "none",
            symbolSize: 5,
          },
        ),
      ].filter(Boolean),
    });
    return d.chart({ label, option, height: 300, table: () => d.cashTable(rows) });
  }

  const cashWords = (row, weekly) =>
    [
      d.day(row.starts_on),
      `${d.t("expected")}: ${d.money(row.expected_minor, d.currency)}`,
      d.t("between", { low: d.money(row.p10_minor, d.currency), high: d.money(row.p90_minor, d.currency) }),
      weekly && `${d.t("falls_due")}: ${d.money(row.due_minor, d.currency)}`,
    ]
      .filter(Boolean)
      .join("\n");

  d.cashTable = function (rows) {
    const amount = (key, word) => ({
      label: d.t(word),
      class: "n",
      cell: (row) => d.money(row[key], d.currency),
    });
    const weekly = rows.some((row) => "due_minor" in row);
    const columns = [
      { label: d.t("col_starts_on"), cell: (row) => d.day(row.starts_on) },
      amount("expected_minor", "expected"),
      amount("p10_minor", "low"),
      amount("p90_minor", "high"),
      ...(weekly
        ? [
            amount("overdue_minor", "from_overdue"),
            amount("not_issued_minor", "not_issued"),
            amount("due_minor", "falls_due"),
            amount("said_before_minor", "said_before"),
          ]
        : []),
    ];
    return d.table(d.t("nav_cash"), columns, rows, { class: "data" });
  };
})(debtscape);
