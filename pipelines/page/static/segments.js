/* The segments with their profile, and who moved since the previous run. */
"use strict";

(function (d) {
  d.segmentsTable = function (rows) {
    const amount = (key) => ({
      label: d.t(`col_${key}`),
      class: "n",
      cell: (row) => d.money(row[key], d.currency),
    });
    const columns = [
      {
        label: d.t("col_segment"),
        cell: (row) =>
          d.el(
            "button",
            {
              type: "button",
              class: "bare",
              "data-figure": "segment",
              "aria-label": d.t("debtors_of", { segment: d.code("segment", row.segment) }),
              onclick: () =>
                d.openList("debtors", d.t("debtors_of", { segment: d.code("segment", row.segment) }), {
                  segment: row.segment,
                }),
            },
            d.segmentTag(row.segment),
          ),
      },
      { label: d.t("col_debtors"), class: "n", cell: (row) => d.count(row.debtors) },
      { label: d.t("col_share"), class: "n", cell: (row) => d.share(row.share_of_debtors) },
      { label: d.t("col_mean_days_late"), class: "n", cell: (row) => d.decimal(row.mean_days_late) },
      { label: d.t("col_late_share"), class: "n", cell: (row) => d.share(row.late_share) },
      amount("revenue_minor"),
      amount("open_minor"),
      amount("overdue_minor"),
      { label: d.t("col_words"), class: "wide", cell: (row) => d.sentence(row.words) },
    ];
    return rows.length
      ? d.scroll(d.t("nav_segments"), d.table(d.t("nav_segments"), columns, rows, { class: "data" }))
      : d.empty("nothing_here");
  };

  d.flow = function (rows) {
    const before = rows.filter((row) => row.from !== null);
    const known = before.reduce((sum, row) => sum + row.debtors, 0);
    if (!known) return [d.el("h3", null, d.t("flow")), d.empty("no_previous_flow")];
    const stayed = before.filter((row) => row.from === row.to).reduce((sum, row) => sum + row.debtors, 0);
    const arrived = rows.filter((row) => row.from === null).reduce((sum, row) => sum + row.debtors, 0);
    const label = d.t("flow_said", {
      moved: d.count(known - stayed),
      stayed: d.count(stayed),
      arrived: d.count(arrived),
    });
    const from = (row) => (row.from === null ? d.t("not_there_before") : d.code("segment", row.from));
    const option = (colours) => ({
      tooltip: d.tooltip(colours, (at) =>
        at.dataType === "edge"
          ? `${at.data.said}: ${d.count(at.data.value)}`
          : `${at.data.said}: ${d.count(at.value)}`,
      ),
      series: [
        {
          type: "sankey",
          left: 8,
          right: 90,
          top: 8,
          bottom: 8,
          nodeGap: 10,
          draggable: false,
          layoutIterations: 0,
          emphasis: { focus: "adjacency" },
          label: { color: colours.ink, fontSize: 12, formatter: (at) => at.data.said },
          lineStyle: { color: "source", curveness: 0.5 },
          data: nodes(rows, colours, from),
          links: rows.map((row) => ({
            source: `from ${row.from}`,
            target: `to ${row.to}`,
            value: row.debtors,
            said: `${from(row)} → ${d.code("segment", row.to)}`,
            lineStyle: { opacity: row.from === row.to ? 0.16 : 0.7 },
          })),
        },
      ],
    });
    const columns = [
      { label: d.t("col_from"), cell: from },
      { label: d.t("col_to"), cell: (row) => d.code("segment", row.to) },
      { label: d.t("col_debtors"), class: "n", cell: (row) => d.count(row.debtors) },
    ];
    return [
      d.el("h3", null, d.t("flow")),
      d.el("p", { class: "soft" }, label),
      d.chart({ label, option, height: 340, table: () => d.table(label, columns, rows, { class: "data" }) }),
    ];
  };

  function nodes(rows, colours, from) {
    const made = new Map();
    const node = (key, said, segment) =>
      made.set(key, {
        name: key,
        said,
        itemStyle: { color: d.segmentColour(segment, colours), borderWidth: 0 },
      });
    for (const row of [...rows].sort((a, b) => order(a.from) - order(b.from)))
      node(`from ${row.from}`, from(row), row.from);
    for (const row of [...rows].sort((a, b) => order(a.to) - order(b.to)))
      node(`to ${row.to}`, d.code("segment", row.to), row.to);
    return [...made.values()];
  }

  const order = (segment) => (segment === null ? 999 : segment.length === 1 ? segment.charCodeAt(0) : 500);
})(debtscape);
