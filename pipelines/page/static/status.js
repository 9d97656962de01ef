/* How fresh the data is, who predicted, and what the run warns of. */
"use strict";

(function (d) {
  d.statusStrip = function (views) {
    const { run, rows } = views;
    const all = rows.by_model + rows.by_rule;
    const part = (n) => (all ? d.share(n / all) : "–");
    const item = (word, value, remark) =>
      d.el(
        "div",
        { class: "status-item" },
        d.el("dt", null, d.t(word)),
        d.el("dd", null, value, remark && d.el("span", { class: "soft" }, " ", remark)),
      );
    const bySource = (source) =>
      d.el(
        "button",
        {
          type: "button",
          class: "link",
          "data-figure": `by_${source}`,
          onclick: () =>
            d.openList(
              "invoices",
              d.t(`by_${source}`),
              { source },
              d.currency === views.currencies[0] && views.currencies.length === 1
                ? rows[`by_${source}`]
                : undefined,
            ),
        },
        part(rows[`by_${source}`]),
      );
    const warnings = d.el(
      "button",
      {
        type: "button",
        class: `link ${run.warnings.length ? "warned" : ""}`,
        "data-figure": "warnings",
        onclick: () => d.openDialog("small", d.t("data_status"), aboutRun(views)),
      },
      d.t("n_warnings", { n: run.warnings.length }),
    );
    return d.el(
      "dl",
      { class: "status", "aria-label": d.t("data_status") },
      item(
        "as_of",
        d.day(run.as_of),
        run.previous_as_of ? d.t("before_that", { day: d.day(run.previous_as_of, "short") }) : null,
      ),
      item("bank_until", d.day(run.bank_known_until)),
      item("ledger_until", d.day(run.newest_fact)),
      item("by_model", bySource("model")),
      item("by_rule", bySource("rule")),
      item("open_items", d.count(rows.open_invoices), d.t("n_debtors", { n: rows.debtors })),
      item("data", warnings),
    );
  };

  function aboutRun({ run, rows }) {
    const facts = [
      ["run", run.run_id],
      ["previous_run", run.previous_run_id || "–"],
      ["contract", run.schema_version],
      ["rows_rejected", d.count(rows.rejected)],
      ...Object.entries(run.models).map(([name, version]) => [null, name, version]),
    ];
    return [
      run.warnings.length
        ? d.el(
            "ul",
            { class: "warnings" },
            run.warnings.map((warning) => d.el("li", { lang: "en" }, warning)),
          )
        : d.el("p", { class: "empty" }, d.t("no_warnings")),
      d.el(
        "dl",
        { class: "facts" },
        facts.map(([word, value, version]) =>
          word
            ? [d.el("dt", null, d.t(word)), d.el("dd", null, value)]
            : [d.el("dt", null, d.t("model"), " ", value), d.el("dd", null, version)],
        ),
      ),
    ];
  }
})(debtscape);
