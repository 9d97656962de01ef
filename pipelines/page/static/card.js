/* The debtor's card: who it is, what it owes, why this segment, why this day, what would change it, its history. */
"use strict";

(function (d) {
  d.openCard = async function (id) {
    const place = d.el("div", { class: "card-body", "aria-live": "polite" }, d.el("p", { class: "empty" }, d.t("loading")));
    const tag = d.el("span", { class: "card-tag" });
    const dialog = d.openDialog("debtor-card", id, place, tag);
    const show = (card) => {
      if (!card) return d.replace(place, d.el("p", { class: "empty" }, d.t(d.source.offline ? "card_not_in_file" : "no_such_debtor")));
      dialog.querySelector("h2").textContent = card.name || card.customer_id;
      d.replace(tag, d.segmentTag(card.segment.segment), " ", card.name && d.el("span", { class: "soft" }, card.customer_id));
      return d.replace(place, cardParts(card));
    };
    await d.latest(() => d.source.card(id), show, (error) => d.replace(place, d.trouble(error)))();
  };

  const part = (word, ...children) => d.el("section", null, d.el("h3", null, d.t(word)), ...children);
  const facts = (pairs) => d.el("dl", { class: "facts" }, pairs.filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false)
    .map(([word, value]) => [d.el("dt", null, d.t(word)), d.el("dd", null, value)]));

  const cardParts = (card) => [
    who(card),
    d.el("div", { class: "card-columns" },
      part("why_segment", whySegment(card)),
      part("what_would_change", card.what_would_change.length
        ? d.el("ul", { class: "changes", lang: "en" }, card.what_would_change.map((sentence) => d.el("li", null, sentence)))
        : d.el("p", { class: "empty" }, d.t("nothing_would_change")))),
    part("why_day", whyDay(card)),
    part("time_line", timeLine(card.events)),
    part("open_invoices", openInvoices(card)),
    d.el("div", { class: "card-columns" }, part("history_figures", historyFigures(card.figures)), part("risk_and_habits", riskAndHabits(card))),
  ];

  function who(card) {
    const said = [card.country, card.sector, card.size, card.legal_kind && d.code("legal_kind", card.legal_kind), card.language && d.t("speaks", { language: card.language }),
      card.since && d.t("customer_since", { day: d.day(card.since) }), card.value_class && d.code("value_class", card.value_class)].filter(Boolean);
    return [d.el("p", { class: "soft" }, said.join(" · ")), d.el("div", { class: "balances" }, card.balances.map((row) => d.el("dl", { class: "cards" },
      [["open_minor", "col_open_minor"], ["overdue_minor", "col_overdue_minor"], ["net_overdue_minor", "col_net_overdue_minor"]].map(([key, word]) =>
        d.el("div", { class: "card" }, d.el("dt", null, d.t(word)), d.el("dd", null, d.money(row[key], row.currency, true)))),
      d.el("div", { class: "card" }, d.el("dt", null, d.t("col_oldest_days_past_due")), d.el("dd", null, d.days(row.oldest_days_past_due))),
      row.company_code && d.el("div", { class: "card" }, d.el("dt", null, d.t("col_company_code")), d.el("dd", null, row.company_code)),
      row.blocked_by && d.el("p", { class: "tag block" }, d.t("not_to_be_contacted"), " ", d.sentence(row.blocked_by, "block")))))];
  }

  function whySegment({ segment }) {
    const { provisional } = segment;
    return [d.el("p", null, d.sentence(segment.reason)), facts([
      ["decided_by", d.code("decider", segment.source) + (segment.rule ? `: ${segment.rule}` : "")],
      ["model_says", segment.model_segment && d.code("segment", segment.model_segment)],
      ["confidence", segment.confidence !== null && d.share(segment.confidence)],
      ["previous_segment", segment.previous_segment && d.code("segment", segment.previous_segment)],
      ["moved_because", d.sentence(segment.moved_because)],
      ["provisional", provisional && d.t("provisional_said", { segment: d.code("segment", provisional.segment), share: d.share(provisional.late_share),
        low: d.share(provisional.late_share_p10), high: d.share(provisional.late_share_p90) })],
    ])];
  }

  function whyDay({ actions, treatment }) {
    const day = (key) => ({ label: d.t(`col_${key}`), class: "day", cell: (row) => d.day(row[key]) });
    const columns = [{ label: d.t("col_step"), cell: (row) => d.code("step", row.step) }, { label: d.t("col_channel"), cell: (row) => d.code("channel", row.channel) },
      day("send_on"), day("valid_until"), { label: d.t("col_status"), cell: (row) => [d.code("status", row.status), row.adverse && d.el("span", { class: "tag" }, d.t("adverse"))] },
      { label: d.t("col_reason"), class: "wide", cell: (row) => [d.sentence(row.reason), row.blocked_by && d.el("span", { class: "id" }, d.sentence(row.blocked_by, "block"))] }];
    return [actions.length ? d.scroll(d.t("why_day"), d.table(d.t("why_day"), columns, actions, { class: "data" })) : d.el("p", { class: "empty" }, d.t("none_planned")),
      treatment && facts([["strategy", d.code("strategy", treatment.strategy)], ["timing", treatment.timing && d.code("timing", treatment.timing)],
        ["terms", d.sentence(treatment.terms)], ["terms_status", treatment.terms && d.code("status", treatment.status)]])];
  }

  /* ---- open invoices: when each is paid, P10 to P90, on one axis of days ---- */

  function openInvoices({ invoices, as_of }) {
    if (!invoices.length) return d.el("p", { class: "empty" }, d.t("no_open_invoices"));
    const axis = dayAxis(invoices, d.moment(as_of));
    const columns = [
      { label: d.t("col_invoice"), cell: (row) => row.invoice_id },
      { label: d.t("col_due_on"), class: "day", cell: (row) => [d.day(row.due_on), row.days_past_due > 0 && d.el("span", { class: "id" }, d.t("days_past_due_said", { n: row.days_past_due }))] },
      { label: d.t("col_open_minor"), class: "n", cell: (row) => d.money(row.open_minor, row.currency, true) },
      { label: d.t("col_p_late"), class: "n", cell: (row) => d.share(row.p_late) },
      { label: d.t("payment_band"), head: [d.t("payment_band"), axis.ticks()], class: "band-cell", cell: (row) => axis.band(row) },
      { label: d.t("col_step"), cell: (row) => row.step ? [d.code("step", row.step), d.el("span", { class: "id" }, d.day(row.send_on))] : "–" },
      { label: d.t("col_reason"), class: "wide", cell: (row) => [d.sentence(row.why),
        row.reasons && d.el("details", null, d.el("summary", null, d.t("why_forecast")), d.sentence(row.reasons))] },
    ];
    return [d.scroll(d.t("open_invoices"), d.table(d.t("open_invoices"), columns, invoices, { class: "data" })), d.el("p", { class: "soft" }, d.t("payment_band_means"))];
  }

  const DAY_MS = 86400000;

  /* From two months before the run day, where a due day that far back needs it, to four months after. */
  function dayAxis(invoices, today) {
    const days = invoices.flatMap((row) => [row.due_on, row.paid_on_p10, row.paid_on_p50, row.paid_on_p90]).filter(Boolean).map(d.moment);
    const from = Math.max(Math.min(...days, today), today - 60 * DAY_MS);
    const until = Math.max(Math.min(Math.max(...days), today + 120 * DAY_MS), from + 30 * DAY_MS);
    const percent = (moment) => Math.max(0, Math.min(100, (100 * (moment - from)) / (until - from)));
    const line = (kind, moment) => d.el("span", { class: kind, place: { left: `${percent(moment)}%` } });
    return {
      ticks: () => d.el("span", { class: "ticks", "aria-hidden": "true" },
        [from, (from + until) / 2, until].map((moment) => d.el("span", null, d.day(d.isoDay(moment), "short")))),
      band: (row) => {
        const open = row.paid_on_p90 === null;
        const low = row.paid_on_p10 && percent(d.moment(row.paid_on_p10));
        const high = open ? 100 : percent(d.moment(row.paid_on_p90));
        const [p10, p50, p90] = [row.paid_on_p10, row.paid_on_p50, row.paid_on_p90].map((day) => (day ? d.day(day, "short") : d.t("after_a_year")));
        const said = row.paid_on_p10 ? d.t("paid_said", { p10, p50, p90 }) : d.t("paid_after_a_year");
        return [d.el("span", { class: "span", "aria-hidden": "true" },
          row.paid_on_p10 && d.el("span", { class: `band ${open ? "open-ended" : ""}`, place: { left: `${low}%`, width: `${high - low}%` } }),
          line("due-mark", d.moment(row.due_on)), line("today-mark", today), row.paid_on_p50 && line("mark", d.moment(row.paid_on_p50))),
        d.el("span", { class: "id" }, said)];
      },
    };
  }

  /* ---- history on a time line ---- */

  const LANES = [
    ["lane_invoices", ["invoice_issued"]], ["lane_payments", ["invoice_paid", "credited", "written_off", "reversal"]],
    ["lane_contacts", ["reminder", "contact"]], ["lane_promises", ["promise", "promise_broken"]], ["lane_disputes", ["dispute_opened", "dispute_closed"]],
  ];
  const BAD = new Set(["reversal", "written_off", "promise_broken", "dispute_opened"]);

  function timeLine(events) {
    if (!events.length) return d.el("p", { class: "empty" }, d.t("no_events"));
    const label = d.t("time_line_said", { n: events.length, from: d.day(events[0].on), until: d.day(events.at(-1).on) });
    const [first, last] = [d.moment(events[0].on), d.moment(events.at(-1).on)];
    const room = Math.max(3 * DAY_MS, (last - first) * 0.02);
    const lane = (event) => Math.max(0, LANES.findIndex(([, kinds]) => kinds.includes(event.event)));
    const used = LANES.map((_, at) => at).filter((at) => events.some((event) => lane(event) === at));
    const option = (colours) => ({
      tooltip: d.tooltip(colours, (at) => eventWords(at.data.event)),
      grid: { left: 96, right: 20, top: 8, bottom: 28 },
      xAxis: d.axis(colours, { type: "time", min: first - room, max: last + room, splitLine: { show: false },
        axisLabel: { color: colours.soft, fontSize: 11, hideOverlap: true, showMinLabel: false, showMaxLabel: false,
          formatter: (moment) => d.day(d.isoDay(moment), last - first > 120 * DAY_MS ? "month" : "short") } }),
      yAxis: d.axis(colours, { type: "category", inverse: true, data: used.map((at) => d.t(LANES[at][0])), splitLine: { show: true, lineStyle: { color: colours.line } } }),
      series: [{
        type: "scatter",
        data: events.map((event) => ({
          value: [d.moment(event.on), used.indexOf(lane(event))], event,
          symbol: BAD.has(event.event) ? "diamond" : lane(event) === 0 ? "emptyCircle" : "circle", symbolSize: BAD.has(event.event) ? 13 : 9,
          itemStyle: { color: BAD.has(event.event) || event.days_late > 0 ? colours.segments.E : colours.accent, opacity: 0.75 },
        })),
      }],
    });
    const columns = [{ label: d.t("col_on"), class: "day", cell: (event) => d.day(event.on) }, { label: d.t("col_event"), cell: (event) => d.code("event", event.event) },
      { label: d.t("col_invoice"), cell: (event) => event.invoice_id ?? "–" }, { label: d.t("col_amount"), class: "n", cell: (event) => (event.amount_minor === null ? "–" : d.money(event.amount_minor, event.currency, true)) },
      { label: d.t("col_days_late"), class: "n", cell: (event) => (event.days_late === null ? "–" : d.count(event.days_late)) }, { label: d.t("col_words"), cell: (event) => d.sentence(event.words) }];
    return [d.chart({ label, option, height: 44 + 34 * used.length, table: () => d.table(label, columns, [...events].reverse(), { class: "data" }) }), d.el("p", { class: "soft" }, d.t("time_line_means"))];
  }

  const eventWords = (event) => [
    `${d.day(event.on)} · ${d.code("event", event.event)}`, event.invoice_id,
    event.amount_minor !== null && d.money(event.amount_minor, event.currency, true), event.days_late !== null && d.t("days_late_said", { n: event.days_late }), event.words,
  ].filter(Boolean).join("\n");

  /* ---- figures, risk, tactics ---- */

  function historyFigures(figures) {
    const shown = ({ value, unit }) => value === null ? "–" : typeof value !== "number" ? String(value) : unit === "share" ? d.share(value)
      : unit === "days" ? d.days(value) : d.decimal(value);
    return d.el("dl", { class: "facts" }, figures.map((row) => [d.el("dt", { title: row.meaning }, d.code("figure", row.name)), d.el("dd", null, shown(row))]));
  }

  function riskAndHabits({ risk, delay_tactics }) {
    return [risk.map((row) => [d.el("p", null, d.el("strong", null, d.t("risk_said", { risk: d.code("risk", row.risk), currency: row.currency }))), d.el("p", null, d.sentence(row.reason))]),
      delay_tactics.length > 0 && d.el("ul", { class: "changes" }, delay_tactics.map((row) => d.el("li", null,
        `${d.code("tactic", row.tactic)}: ${d.t("times_last", { n: row.times, day: d.day(row.last_on) })}`, row.chronic && d.el("span", { class: "tag" }, d.t("chronic"))))),
      risk.length + delay_tactics.length === 0 && d.el("p", { class: "empty" }, d.t("nothing_here"))];
  }
})(debtscape);
