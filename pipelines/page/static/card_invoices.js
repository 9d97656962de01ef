/* A debtor's open invoices: when each is paid, P10 to P90, on one axis of days. */
"use strict";

(function (d) {
  const FIRST = 40;

  d.openInvoices = function ({ invoices, as_of }) {
    if (!invoices.length) return d.el("p", { class: "empty" }, d.t("no_open_invoices"));
    const axis = dayAxis(invoices, d.moment(as_of));
    const columns = [
      { label: d.t("col_invoice"), cell: (row) => row.invoice_id },
      {
        label: d.t("col_due_on"),
        class: "day",
        cell: (row) => [
          d.day(row.due_on),
          row.days_past_due > 0 &&
            d.el("span", { class: "id" }, d.t("days_past_due_said", { n: row.days_past_due })),
        ],
      },
      {
        label: d.t("col_open_minor"),
        class: "n",
        cell: (row) => d.money(row.open_minor, row.currency, true),
      },
      { label: d.t("col_p_late"), class: "n", cell: (row) => d.share(row.p_late) },
      {
        label: d.t("payment_band"),
        head: [d.t("payment_band"), axis.ticks()],
        class: "band-cell",
        cell: (row) => axis.band(row),
      },
      {
        label: d.t("col_step"),
        cell: (row) =>
          row.step ? [d.code("step", row.step), d.el("span", { class: "id" }, d.day(row.send_on))] : "–",
      },
      {
        label: d.t("col_reason"),
        class: "wide",
        cell: (row) => [
          d.sentence(row.why),
          row.reasons &&
            d.el("details", null, d.el("summary", null, d.t("why_forecast")), d.sentence(row.reasons)),
        ],
      },
    ];
    const title = d.t("open_invoices");
    const table = (rows) => d.scroll(title, d.table(title, columns, rows, { class: "data" }));
    const place = d.el("div", { tabindex: "-1" }, table(invoices.slice(0, FIRST)));
    const all = d.el(
      "button",
      {
        type: "button",
        class: "link",
        onclick: () => {
          d.replace(place, table(invoices)).focus();
          all.remove();
        },
      },
      d.t("show_all", { n: invoices.length }),
    );
    return [place, invoices.length > FIRST && all, d.el("p", { class: "soft" }, d.t("payment_band_means"))];
  };

  const DAY_MS = 86400000;

  /* From two months before the run day, where a due day that far back needs it, to four months after. */
  function dayAxis(invoices, today) {
    const days = invoices
      .flatMap((row) => [row.due_on, row.paid_on_p10, row.paid_on_p50, row.paid_on_p90])
      .filter(Boolean)
      .map(d.moment);
    const from = Math.max(Math.min(...days, today), today - 60 * DAY_MS);
    const until = Math.max(Math.min(Math.max(...days), today + 120 * DAY_MS), from + 30 * DAY_MS);
    const percent = (moment) => Math.max(0, Math.min(100, (100 * (moment - from)) / (until - from)));
    const line = (kind, moment) => d.el("span", { class: kind, place: { left: `${percent(moment)}%` } });
    return {
      ticks: () =>
        d.el(
          "span",
          { class: "ticks", "aria-hidden": "true" },
          [from, (from + until) / 2, until].map((moment) =>
            d.el("span", null, d.day(d.isoDay(moment), "short")),
          ),
        ),
      band: (row) => {
        const open = row.paid_on_p90 === null;
        const low = row.paid_on_p10 && percent(d.moment(row.paid_on_p10));
        const high = open ? 100 : percent(d.moment(row.paid_on_p90));
        const [p10, p50, p90] = [row.paid_on_p10, row.paid_on_p50, row.paid_on_p90].map((day) =>
          day ? d.day(day, "short") : d.t("after_a_year"),
        );
        const said = row.paid_on_p10 ? d.t("paid_said", { p10, p50, p90 }) : d.t("paid_after_a_year");
        return [
          d.el(
            "span",
            { class: "span", "aria-hidden": "true" },
            row.paid_on_p10 &&
              d.el("span", {
                class: `band ${open ? "open-ended" : ""}`,
                place: { left: `${low}%`, width: `${high - low}%` },
              }),
            line("due-mark", d.moment(row.due_on)),
            line("today-mark", today),
            row.paid_on_p50 && line("mark", d.moment(row.paid_on_p50)),
          ),
          d.el("span", { class: "id" }, said),
        ];
      },
    };
  }
})(debtscape);
