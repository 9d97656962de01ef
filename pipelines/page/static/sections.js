/* Below the first screen: figures and ageing, segments, concentration, cash, worklist, reliability. */
"use strict";

(function (d) {
  d.SECTIONS = ["today", "figures", "segments", "concentration", "cash", "worklist", "reliability"];

  d.sections = (views, portfolio) => [
    section("figures", figuresTable(portfolio.figures), ageing(portfolio.ageing)),
    section("segments", segmentsTable(portfolio.segments), flow(portfolio.flow)),
    section("concentration", pareto(portfolio.pareto)),
    section("cash", cash(portfolio.cash)),
    section("worklist", d.listView("worklist", { currency: d.currency })),
    section("reliability", reliability(views.reliability)),
  ];

  const section = (name, ...children) => d.el("section", { id: name, "aria-labelledby": `${name}-title` },
    d.el("h2", { id: `${name}-title` }, d.t(`nav_${name}`)), d.el("p", { class: "lead" }, d.t(`${name}_lead`)), ...children);

  const empty = (word) => d.el("p", { class: "empty" }, d.t(word));

  /* ---- portfolio figures ---- */

  const FIGURES = {
    dso_days: "days", best_possible_dso_days: "days", average_days_delinquent: "days", countback_dso_days: "days",
    collection_effectiveness_index_percent: "percent", weighted_average_days_to_pay: "days",
    weighted_days_beyond_terms_signed: "days", weighted_days_beyond_terms_clamped: "days",
    ending_receivables_minor: "money", sales_minor: "money",
  };

  function figuresTable(rows) {
    if (!rows.length) return empty("nothing_here");
    const shown = { days: (value) => d.days(value), money: (value) => d.money(value, d.currency),
      percent: (value) => (value === null ? "–" : d.share(value / 100, 1)) };
    return d.el("div", { class: "portfolio-figures" }, rows.map((row) => [
      rows.length > 1 && d.el("h3", null, row.company_code || d.t("all_companies")),
      d.el("dl", { class: "cards" }, Object.entries(FIGURES).filter(([key]) => key in row).map(([key, unit]) =>
        d.el("div", { class: "card" }, d.el("dt", null, d.t(key)), d.el("dd", null, shown[unit](row[key])), d.el("dd", { class: "soft" }, d.t(`${key}_means`)))))]));
  }

  function ageing(rows) {
    const most = Math.max(1, ...rows.flatMap((row) => [row.open_minor, row.expected_minor]));
    const all = rows.reduce((sum, row) => sum + row.open_minor, 0) || 1;
    const bar = (minor, kind) => d.el("span", { class: "line" },
      d.el("span", { class: "track", "aria-hidden": "true" }, d.el("span", { class: `bar ${kind}`, place: { width: `${(100 * minor) / most}%` } })),
      d.el("span", { class: "n" }, d.money(minor, d.currency)));
    const columns = [
      { label: d.t("col_class"), cell: (row) => d.el("button", { type: "button", class: "link", "data-figure": "ageing",
        onclick: () => d.openList("invoices", d.code("ageing", row.class), d.AGEING[row.class]) }, d.code("ageing", row.class)) },
      { label: d.t("open_today"), class: "bars", cell: (row) => bar(row.open_minor, "today") },
      { label: d.t("expected_so_late"), class: "bars", cell: (row) => bar(row.expected_minor, "expected") },
      { label: d.t("col_share"), class: "n", cell: (row) => d.share(row.open_minor / all) },
    ];
    return [d.el("h3", null, d.t("ageing")), d.scroll(d.t("ageing"),
      d.table(d.t("ageing"), columns, rows, { class: "data ageing", rowClass: (row) => `c-${row.class}` })),
    d.el("p", { class: "soft" }, d.t("ageing_means"))];
  }

  /* ---- segments ---- */

  function segmentsTable(rows) {
    const amount = (key) => ({ label: d.t(`col_${key}`), class: "n", cell: (row) => d.money(row[key], d.currency) });
    const columns = [
      { label: d.t("col_segment"), cell: (row) => d.el("button", { type: "button", class: "bare", "data-figure": "segment",
        "aria-label": d.t("debtors_of", { segment: d.code("segment", row.segment) }),
        onclick: () => d.openList("debtors", d.t("debtors_of", { segment: d.code("segment", row.segment) }), { segment: row.segment }) }, d.segmentTag(row.segment)) },
      { label: d.t("col_debtors"), class: "n", cell: (row) => d.count(row.debtors) },
      { label: d.t("col_share"), class: "n", cell: (row) => d.share(row.share_of_debtors) },
      { label: d.t("col_mean_days_late"), class: "n", cell: (row) => d.decimal(row.mean_days_late) },
      { label: d.t("col_late_share"), class: "n", cell: (row) => d.share(row.late_share) },
      amount("revenue_minor"), amount("open_minor"), amount("overdue_minor"),
      { label: d.t("col_words"), class: "wide", cell: (row) => d.sentence(row.words) },
    ];
    return rows.length ? d.scroll(d.t("nav_segments"), d.table(d.t("nav_segments"), columns, rows, { class: "data" })) : empty("nothing_here");
  }

  function flow(rows) {
    const before = rows.filter((row) => row.from !== null);
    const known = before.reduce((sum, row) => sum + row.debtors, 0);
    if (!known) return [d.el("h3", null, d.t("flow")), empty("no_previous_flow")];
    const stayed = before.filter((row) => row.from === row.to).reduce((sum, row) => sum + row.debtors, 0);
    const arrived = rows.filter((row) => row.from === null).reduce((sum, row) => sum + row.debtors, 0);
    const label = d.t("flow_said", { moved: d.count(known - stayed), stayed: d.count(stayed), arrived: d.count(arrived) });
    const from = (row) => (row.from === null ? d.t("not_there_before") : d.code("segment", row.from));
    const option = (colours) => ({
      tooltip: d.tooltip(colours, (at) => at.dataType === "edge" ? `${at.data.said}: ${d.count(at.data.value)}` : `${at.data.said}: ${d.count(at.value)}`),
      series: [{
        type: "sankey", left: 8, right: 90, top: 8, bottom: 8, nodeGap: 10, draggable: false, layoutIterations: 0, emphasis: { focus: "adjacency" },
        label: { color: colours.ink, fontSize: 12, formatter: (at) => at.data.said },
        lineStyle: { color: "source", curveness: 0.5 },
        data: nodes(rows, colours, from),
        links: rows.map((row) => ({ source: `from ${row.from}`, target: `to ${row.to}`, value: row.debtors, said: `${from(row)} → ${d.code("segment", row.to)}`,
          lineStyle: { opacity: row.from === row.to ? 0.16 : 0.7 } })),
      }],
    });
    const columns = [{ label: d.t("col_from"), cell: from }, { label: d.t("col_to"), cell: (row) => d.code("segment", row.to) },
      { label: d.t("col_debtors"), class: "n", cell: (row) => d.count(row.debtors) }];
    return [d.el("h3", null, d.t("flow")), d.el("p", { class: "soft" }, label),
      d.chart({ label, option, height: 340, table: () => d.table(label, columns, rows, { class: "data" }) })];
  }

  function nodes(rows, colours, from) {
    const made = new Map();
    const node = (key, said, segment) => made.set(key, { name: key, said, itemStyle: { color: d.segmentColour(segment, colours), borderWidth: 0 } });
    for (const row of [...rows].sort((a, b) => order(a.from) - order(b.from))) node(`from ${row.from}`, from(row), row.from);
    for (const row of [...rows].sort((a, b) => order(a.to) - order(b.to))) node(`to ${row.to}`, d.code("segment", row.to), row.to);
    return [...made.values()];
  }

  const order = (segment) => (segment === null ? 999 : segment.length === 1 ? segment.charCodeAt(0) : 500);

  /* ---- concentration ---- */

  function pareto(points) {
    if (points.length < 2) return empty("nothing_overdue");
    const half = points.find((point) => point.amount_share >= 0.8) || points.at(-1);
    const label = d.t("pareto_said", { debtors: d.share(half.debtors_share), amount: d.share(half.amount_share) });
    const option = (colours) => ({
      tooltip: d.tooltip(colours, ([at]) => d.t("pareto_said", { debtors: d.share(at.value[0], 1), amount: d.share(at.value[1]) }), "axis"),
      grid: { left: 48, right: 24, top: 28, bottom: 40 },
      xAxis: d.axis(colours, { type: "value", max: 1, name: d.t("axis_debtors"), nameLocation: "middle", nameGap: 26, axisLabel: percent(colours) }),
      yAxis: d.axis(colours, { type: "value", max: 1, name: d.t("axis_overdue"), nameTextStyle: { align: "left", color: colours.soft }, axisLabel: percent(colours) }),
      series: [{
        type: "line", symbol: "none", data: points.map((point) => [point.debtors_share, point.amount_share]), lineStyle: { color: colours.accent, width: 2 },
        areaStyle: { color: colours.accent, opacity: 0.12 },
        markPoint: { symbol: "circle", symbolSize: 10, itemStyle: { color: colours.accent }, data: [{ coord: [half.debtors_share, half.amount_share] }],
          label: { show: false } },
      }],
    });
    const columns = [{ label: d.t("axis_debtors"), class: "n", cell: (row) => d.share(row.debtors_share, 1) }, { label: d.t("axis_overdue"), class: "n", cell: (row) => d.share(row.amount_share, 1) }];
    return [d.el("p", { class: "said" }, label), d.chart({ label, option, height: 280, table: () => d.table(label, columns, points, { class: "data", noRowHead: true }) })];
  }

  const percent = (colours) => ({ color: colours.soft, fontSize: 11, formatter: (value) => d.share(value) });

  /* ---- cash ---- */

  function cash({ weeks, days }) {
    if (!weeks.length) return empty("nothing_here");
    const total = weeks.reduce((sum, week) => sum + week.expected_minor, 0);
    const label = d.t("cash_said", { n: weeks.length, total: d.money(total, d.currency) });
    const charts = d.el("div", null, bandChart(label, weeks, true));
    const choice = (by, rows) => d.el("button", { type: "button", "aria-pressed": String(by === "weeks"), onclick: (event) => {
      for (const button of event.target.parentNode.children) button.setAttribute("aria-pressed", String(button === event.target));
      d.replace(charts, bandChart(label, rows, by === "weeks"));
    } }, d.t(`by_${by}`));
    return [d.el("p", { class: "said" }, label), days.length > 0 && d.el("div", { class: "choice", role: "group", "aria-label": d.t("cash_steps") }, choice("weeks", weeks), choice("days", days)), charts];
  }

  function bandChart(label, rows, weekly) {
    const series = (name, data, more) => ({ name, type: "line", symbol: "none", data, ...more });
    const option = (colours) => ({
      tooltip: d.tooltip(colours, (points) => cashWords(rows[points[0].dataIndex], weekly), "axis"),
      legend: { top: 0, right: 0, textStyle: { color: colours.soft, fontSize: 11 }, itemWidth: 16, itemHeight: 8,
        data: [d.t("expected"), d.t("band"), ...(weekly ? [d.t("falls_due")] : [])] },
      grid: { left: 60, right: 16, top: 34, bottom: 28 },
      xAxis: d.axis(colours, { type: "category", boundaryGap: weekly, data: rows.map((row) => d.day(row.starts_on, "short")), splitLine: { show: false } }),
      yAxis: d.axis(colours, { type: "value", axisLabel: { color: colours.soft, fontSize: 11, formatter: (value) => d.shortMoney(value, d.currency) } }),
      series: [
        weekly && { name: d.t("falls_due"), type: "bar", barMaxWidth: 22, itemStyle: { color: colours.due, opacity: 0.45 }, data: rows.map((row) => row.due_minor) },
        series("low", rows.map((row) => row.p10_minor), { stack: "band", lineStyle: { opacity: 0 } }),
        series(d.t("band"), rows.map((row) => row.p90_minor - row.p10_minor), { stack: "band", lineStyle: { opacity: 0 }, areaStyle: { color: colours.band, opacity: 0.5 }, itemStyle: { color: colours.band } }),
        series(d.t("expected"), rows.map((row) => row.expected_minor), { lineStyle: { color: colours.accent, width: 2 }, itemStyle: { color: colours.accent }, symbol: weekly ? "circle" : "none", symbolSize: 5 }),
      ].filter(Boolean),
    });
    return d.chart({ label, option, height: 300, table: () => d.cashTable(rows) });
  }

  const cashWords = (row, weekly) => [
    d.day(row.starts_on), `${d.t("expected")}: ${d.money(row.expected_minor, d.currency)}`,
    d.t("between", { low: d.money(row.p10_minor, d.currency), high: d.money(row.p90_minor, d.currency) }),
    weekly && `${d.t("falls_due")}: ${d.money(row.due_minor, d.currency)}`,
  ].filter(Boolean).join("\n");

  d.cashTable = function (rows) {
    const amount = (key, word) => ({ label: d.t(word), class: "n", cell: (row) => d.money(row[key], d.currency) });
    const weekly = rows.some((row) => "due_minor" in row);
    const columns = [{ label: d.t("col_starts_on"), cell: (row) => d.day(row.starts_on) }, amount("expected_minor", "expected"),
      amount("p10_minor", "low"), amount("p90_minor", "high"),
      ...(weekly ? [amount("overdue_minor", "from_overdue"), amount("not_issued_minor", "not_issued"), amount("due_minor", "falls_due"), amount("said_before_minor", "said_before")] : [])];
    return d.table(d.t("nav_cash"), columns, rows, { class: "data" });
  };

  /* ---- reliability ---- */

  function reliability({ figures, curve }) {
    const columns = [{ label: d.t("col_predictor"), cell: (row) => d.code("predictor", row.name) },
      { label: d.t("auc"), class: "n", cell: (row) => d.decimal(row.auc, 3) }, { label: d.t("brier_skill"), class: "n", cell: (row) => d.share(row.brier_skill, 1) },
      { label: d.t("ece"), class: "n", cell: (row) => d.share(row.ece, 1) }];
    const table = figures.length ? [d.scroll(d.t("nav_reliability"), d.table(d.t("nav_reliability"), columns, figures, { class: "data", rowClass: (row) => row.ours && "ours" })),
      d.el("p", { class: "soft" }, d.t("reliability_means"))] : empty("no_reliability");
    return [curve && curve.length ? curveSaid(curve) : figures.length > 0 && empty("no_curve"), table];
  }

  const points = (share) => Math.round(100 * share);

  function curveSaid(curve) {
    const sentence = (point) => d.t("of_100", { from: points(point.from), to: points(point.to), observed: points(point.observed), n: point.predictions });
    const far = curve.reduce((worst, point) => (Math.abs(point.predicted - point.observed) > Math.abs(worst.predicted - worst.observed) ? point : worst));
    const likely = [...curve].sort((a, b) => Math.abs(a.predicted - 0.75) - Math.abs(b.predicted - 0.75))[0];
    const label = d.t("curve_said", { gap: points(Math.abs(far.predicted - far.observed)) });
    const option = (colours) => ({
      tooltip: d.tooltip(colours, (at) => (at.data.said ? at.data.said : "")),
      grid: { left: 48, right: 24, top: 28, bottom: 40 },
      xAxis: d.axis(colours, { type: "value", max: 1, name: d.t("axis_predicted"), nameLocation: "middle", nameGap: 26, axisLabel: percent(colours) }),
      yAxis: d.axis(colours, { type: "value", max: 1, name: d.t("axis_observed"), nameTextStyle: { align: "left", color: colours.soft }, axisLabel: percent(colours) }),
      series: [
        { type: "line", symbol: "none", silent: true, data: [[0, 0], [1, 1]], lineStyle: { color: colours.soft, type: "dashed", width: 1 } },
        { type: "line", symbol: "circle", symbolSize: 8, data: curve.map((point) => ({ value: [point.predicted, point.observed], said: sentence(point) })),
          lineStyle: { color: colours.accent, width: 2 }, itemStyle: { color: colours.accent } },
      ],
    });
    const columns = [{ label: d.t("axis_predicted"), class: "n", cell: (row) => d.share(row.predicted, 1) }, { label: d.t("axis_observed"), class: "n", cell: (row) => d.share(row.observed, 1) },
      { label: d.t("col_predictions"), class: "n", cell: (row) => d.count(row.predictions) }];
    return [d.el("p", { class: "said" }, sentence(likely)), d.el("p", { class: "soft" }, label),
      d.chart({ label, option, height: 280, table: () => d.table(label, columns, curve, { class: "data", noRowHead: true }) })];
  }
})(debtscape);
