/* The portfolio figures of credit management, and the ageing of what is open. */
"use strict";

(function (d) {
  const FIGURES = {
    dso_days: "days",
    best_possible_dso_days: "days",
    average_days_delinquent: "days",
    countback_dso_days: "days",
    collection_effectiveness_index_percent: "percent",
    weighted_average_days_to_pay: "days",
    weighted_days_beyond_terms_signed: "days",
    weighted_days_beyond_terms_clamped: "days",
    ending_receivables_minor: "money",
    sales_minor: "money",
  };

  d.figuresTable = function (rows) {
    if (!rows.length) return d.empty("nothing_here");
    const shown = {
      days: (value) => d.days(value),
      money: (value) => d.money(value, d.currency),
      percent: (value) => (value === null ? "–" : d.share(value / 100, 1)),
    };
    return d.el(
      "div",
      { class: "portfolio-figures" },
      rows.map((row) => [
        rows.length > 1 && d.el("h3", null, row.company_code || d.t("all_companies")),
        d.el(
          "dl",
          { class: "cards" },
          Object.entries(FIGURES)
            .filter(([key]) => key in row)
            .map(([key, unit]) =>
              d.el(
                "div",
                { class: "card" },
                d.el("dt", null, d.t(key)),
                d.el("dd", null, shown[unit](row[key])),
                d.el("dd", { class: "soft" }, d.t(`${key}_means`)),
              ),
            ),
        ),
      ]),
    );
  };

  d.ageing = function (rows) {
    const most = Math.max(1, ...rows.flatMap((row) => [row.open_minor, row.expected_minor]));
    const all = rows.reduce((sum, row) => sum + row.open_minor, 0) || 1;
    const bar = (minor, kind) =>
      d.el(
        "span",
        { class: "line" },
        d.el(
          "span",
          { class: "track", "aria-hidden": "true" },
          d.el("span", { class: `bar ${kind}`, place: { width: `${(100 * minor) / most}%` } }),
        ),
        d.el("span", { class: "n" }, d.money(minor, d.currency)),
      );
    const columns = [
      {
        label: d.t("col_class"),
        cell: (row) =>
          d.el(
            "button",
            {
              type: "button",
              class: "link",
              "data-figure": "ageing",
              onclick: () => d.openList("invoices", d.code("ageing", row.class), d.AGEING[row.class]),
            },
            d.code("ageing", row.class),
          ),
      },
      { label: d.t("open_today"), class: "bars", cell: (row) => bar(row.open_minor, "today") },
      { label: d.t("expected_so_late"), class: "bars", cell: (row) => bar(row.expected_minor, "expected") },
      { label: d.t("col_share"), class: "n", cell: (row) => d.share(row.open_minor / all) },
    ];
    return [
      d.el("h3", null, d.t("ageing")),
      d.scroll(
        d.t("ageing"),
        d.table(d.t("ageing"), columns, rows, { class: "data ageing", rowClass: (row) => `c-${row.class}` }),
      ),
      d.el("p", { class: "soft" }, d.t("ageing_means")),
    ];
  };
})(debtscape);
