/* What a debtor did lately, on a time line. */
"use strict";

(function (d) {
  const DAY_MS = 86400000;
  const LANES = [
    ["lane_invoices", ["invoice_issued"]],
    ["lane_payments", ["invoice_paid", "credited", "written_off", "reversal"]],
    ["lane_contacts", ["reminder", "contact"]],
    ["lane_promises", ["promise", "promise_broken"]],
    ["lane_disputes", ["dispute_opened", "dispute_closed"]],
  ];
  const BAD = new Set(["reversal", "written_off", "promise_broken", "dispute_opened"]);

  d.timeLine = function (events) {
    if (!events.length) return d.el("p", { class: "empty" }, d.t("no_events"));
    const label = d.t("time_line_said", {
      n: events.length,
      from: d.day(events[0].on),
      until: d.day(events.at(-1).on),
    });
    const [first, last] = [d.moment(events[0].on), d.moment(events.at(-1).on)];
    const room = Math.max(3 * DAY_MS, (last - first) * 0.02);
    const lane = (event) =>
      Math.max(
        0,
        LANES.findIndex(([, kinds]) => kinds.includes(event.event)),
      );
    const used = LANES.map((_, at) => at).filter((at) => events.some((event) => lane(event) === at));
    const option = (colours) => ({
      tooltip: d.tooltip(colours, (at) => eventWords(at.data.event)),
      grid: { left: 96, right: 20, top: 8, bottom: 28 },
      xAxis: d.axis(colours, {
        type: "time",
        min: first - room,
        max: last + room,
        splitLine: { show: false },
        axisLabel: {
          color: colours.soft,
          fontSize: 11,
          hideOverlap: true,
          showMinLabel: false,
          showMaxLabel: false,
          formatter: (moment) => d.day(d.isoDay(moment), last - first > 120 * DAY_MS ? "month" : "short"),
        },
      }),
      yAxis: d.axis(colours, {
        type: "category",
        inverse: true,
        data: used.map((at) => d.t(LANES[at][0])),
        splitLine: { show: true, lineStyle: { color: colours.line } },
      }),
      series: [
        {
          type: "scatter",
          data: events.map((event) => ({
            value: [d.moment(event.on), used.indexOf(lane(event))],
            event,
            symbol: BAD.has(event.event) ? "diamond" : lane(event) === 0 ? "emptyCircle" : "circle",
            symbolSize: BAD.has(event.event) ? 13 : 9,
            itemStyle: {
              color: BAD.has(event.event) || event.days_late > 0 ? colours.segments.E : colours.accent,
              opacity: 0.75,
            },
          })),
        },
      ],
    });
    const columns = [
      { label: d.t("col_on"), class: "day", cell: (event) => d.day(event.on) },
      { label: d.t("col_event"), cell: (event) => d.code("event", event.event) },
      { label: d.t("col_invoice"), cell: (event) => event.invoice_id ?? "–" },
      {
        label: d.t("col_amount"),
        class: "n",
        cell: (event) =>
          event.amount_minor === null ? "–" : d.money(event.amount_minor, event.currency, true),
      },
      {
        label: d.t("col_days_late"),
        class: "n",
        cell: (event) => (event.days_late === null ? "–" : d.count(event.days_late)),
      },
      { label: d.t("col_words"), cell: (event) => d.sentence(event.words) },
    ];
    return [
      d.chart({
        label,
        option,
        height: 44 + 34 * used.length,
        table: () => d.table(label, columns, [...events].reverse(), { class: "data" }),
      }),
      d.el("p", { class: "soft" }, d.t("time_line_means")),
    ];
  };

  const eventWords = (event) =>
    [
      `${d.day(event.on)} · ${d.code("event", event.event)}`,
      event.invoice_id,
      event.amount_minor !== null && d.money(event.amount_minor, event.currency, true),
      event.days_late !== null && d.t("days_late_said", { n: event.days_late }),
      event.words,
    ]
      .filter(Boolean)
      .join("\n");
})(debtscape);
