/* A debtor's card: who it is, what it owes, why this segment, why this day, what would change it. */
"use strict";

(function (d) {
  d.openCard = async function (id) {
    const place = d.el(
      "div",
      { class: "card-body", "aria-live": "polite" },
      d.el("p", { class: "empty" }, d.t("loading")),
    );
    const tag = d.el("span", { class: "card-tag" });
    const dialog = d.openDialog("debtor-card", id, place, tag);
    const show = (card) => {
      if (!card)
        return d.replace(
          place,
          d.el("p", { class: "empty" }, d.t(d.source.offline ? "card_not_in_file" : "no_such_debtor")),
        );
      dialog.querySelector("h2").textContent = card.name || card.customer_id;
      d.replace(
        tag,
        d.segmentTag(card.segment.segment),
        " ",
        card.name && d.el("span", { class: "soft" }, card.customer_id),
      );
      return d.replace(place, cardParts(card));
    };
    await d.latest(
      () => d.source.card(id),
      show,
      (error) => d.replace(place, d.trouble(error)),
    )();
  };

  const part = (word, ...children) => d.el("section", null, d.el("h3", null, d.t(word)), ...children);
  const facts = (pairs) =>
    d.el(
      "dl",
      { class: "facts" },
      pairs
        .filter(([, value]) => value !== null && value !== undefined && value !== "" && value !== false)
        .map(([word, value]) => [d.el("dt", null, d.t(word)), d.el("dd", null, value)]),
    );

  const cardParts = (card) => [
    who(card),
    d.el(
      "div",
      { class: "card-columns" },
      part("why_segment", whySegment(card)),
      part(
        "what_would_change",
        card.what_would_change.length
          ? d.el(
              "ul",
              { class: "changes", lang: "en" },
              card.what_would_change.map((sentence) => d.el("li", null, sentence)),
            )
          : d.el("p", { class: "empty" }, d.t("nothing_would_change")),
      ),
    ),
    part("why_day", whyDay(card)),
    part("time_line", d.timeLine(card.events)),
    part("open_invoices", d.openInvoices(card)),
    d.el(
      "div",
      { class: "card-columns" },
      part("history_figures", historyFigures(card.figures)),
      part("risk_and_habits", riskAndHabits(card)),
    ),
  ];

  function who(card) {
    const said = [
      card.country && d.named("region", card.country),
      card.sector,
      card.size,
      card.legal_kind && d.code("legal_kind", card.legal_kind),
      card.language && d.t("speaks", { language: d.named("language", card.language) }),
      card.since && d.t("customer_since", { day: d.day(card.since) }),
      card.value_class && d.code("value_class", card.value_class),
    ].filter(Boolean);
    return [
      d.el("p", { class: "soft" }, said.join(" · ")),
      d.el(
        "div",
        { class: "balances" },
        card.balances.map((row) =>
          d.el(
            "dl",
            { class: "cards" },
            row.company_code &&
              d.el(
                "div",
                { class: "card" },
                d.el("dt", null, d.t("col_company_code")),
                d.el("dd", null, row.company_code),
              ),
            [
              ["open_minor", "col_open_minor"],
              ["overdue_minor", "col_overdue_minor"],
              ["net_overdue_minor", "col_net_overdue_minor"],
            ].map(([key, word]) =>
              d.el(
                "div",
                { class: "card" },
                d.el("dt", null, d.t(word)),
                d.el("dd", null, d.money(row[key], row.currency, true)),
              ),
            ),
            d.el(
              "div",
              { class: "card" },
              d.el("dt", null, d.t("col_oldest_days_past_due")),
              d.el("dd", null, d.days(row.oldest_days_past_due)),
            ),
            row.blocked_by &&
              d.el(
                "p",
                { class: "tag block" },
                d.t("not_to_be_contacted"),
                " ",
                d.sentence(row.blocked_by, "block"),
              ),
          ),
        ),
      ),
    ];
  }

  function whySegment({ segment }) {
    const { provisional } = segment;
    return [
      d.el("p", null, d.sentence(segment.reason)),
      facts([
        [
          "decided_by",
          d.code("decider", segment.source) + (segment.rule ? `: ${d.code("rule", segment.rule)}` : ""),
        ],
        ["model_says", segment.model_segment && d.code("segment", segment.model_segment)],
        ["confidence", segment.confidence !== null && d.share(segment.confidence)],
        ["previous_segment", segment.previous_segment && d.code("segment", segment.previous_segment)],
        ["moved_because", d.sentence(segment.moved_because)],
        [
          "provisional",
          provisional &&
            d.t("provisional_said", {
              segment: d.code("segment", provisional.segment),
              share: d.share(provisional.late_share),
              low: d.share(provisional.late_share_p10),
              high: d.share(provisional.late_share_p90),
            }),
        ],
      ]),
    ];
  }

  function whyDay({ actions, treatment }) {
    const day = (key) => ({ label: d.t(`col_${key}`), class: "day", cell: (row) => d.day(row[key]) });
    const columns = [
      { label: d.t("col_step"), cell: (row) => d.code("step", row.step) },
      { label: d.t("col_channel"), cell: (row) => d.code("channel", row.channel) },
      day("send_on"),
      day("valid_until"),
      {
        label: d.t("col_overdue_minor"),
        class: "n",
        cell: (row) => d.money(row.overdue_minor, row.currency, true),
      },
      {
        label: d.t("col_status"),
        cell: (row) => [
          d.code("status", row.status),
          row.adverse && [" ", d.el("span", { class: "tag" }, d.t("adverse"))],
        ],
      },
      {
        label: d.t("col_reason"),
        class: "wide",
        cell: (row) => [
          d.sentence(row.reason),
          row.blocked_by && d.el("span", { class: "id" }, d.sentence(row.blocked_by, "block")),
        ],
      },
    ];
    return [
      actions.length
        ? d.scroll(d.t("why_day"), d.table(d.t("why_day"), columns, actions, { class: "data" }))
        : d.el("p", { class: "empty" }, d.t("none_planned")),
      treatment &&
        facts([
          ["strategy", d.code("strategy", treatment.strategy)],
          ["timing", treatment.timing && d.code("timing", treatment.timing)],
          ["terms", d.sentence(treatment.terms)],
          ["terms_status", treatment.terms && d.code("status", treatment.status)],
        ]),
    ];
  }

  function historyFigures(figures) {
    const shown = ({ value, unit }) =>
      value === null
        ? "–"
        : typeof value !== "number"
          ? String(value)
          : unit === "share"
            ? d.share(value)
            : unit === "days"
              ? d.days(value)
              : d.decimal(value);
    return d.el(
      "dl",
      { class: "facts" },
      figures.map((row) => [
        d.el("dt", { title: row.meaning }, d.code("figure", row.name)),
        d.el("dd", null, shown(row)),
      ]),
    );
  }

  function riskAndHabits({ risk, delay_tactics }) {
    return [
      risk.map((row) => [
        d.el(
          "p",
          null,
          d.el("strong", null, d.t("risk_said", { risk: d.code("risk", row.risk), currency: row.currency })),
        ),
        d.el("p", null, d.sentence(row.reason)),
      ]),
      delay_tactics.length > 0 &&
        d.el(
          "ul",
          { class: "changes" },
          delay_tactics.map((row) =>
            d.el(
              "li",
              null,
              `${d.code("tactic", row.tactic)}: ${d.t("times_last", { n: row.times, day: d.day(row.last_on) })}`,
              row.chronic && [" ", d.el("span", { class: "tag" }, d.t("chronic"))],
            ),
          ),
        ),
      risk.length + delay_tactics.length === 0 && d.el("p", { class: "empty" }, d.t("nothing_here")),
    ];
  }
})(debtscape);
