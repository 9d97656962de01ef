/* The first screen: today's work, the cash that comes, what changed, who owes most. Each figure opens its list. */
"use strict";

(function (d) {
  const COLLECTORS = 3;
  const CAUSES = 3;

  d.firstScreen = function (portfolio) {
    return d.el(
      "section",
      { id: "today", class: "first", "aria-labelledby": "today-title" },
      d.el("h2", { id: "today-title", class: "unseen" }, d.t("nav_today")),
      d.el(
        "div",
        { class: "panels" },
        todayPanel(portfolio.today),
        cashPanel(portfolio.cash),
        changedPanel(portfolio.changed),
      ),
      topPanel(portfolio.top_overdue),
    );
  };

  const panel = (word, remark, ...children) =>
    d.el(
      "div",
      { class: "panel" },
      d.el("h3", null, d.t(word), remark && d.el("span", { class: "soft" }, " ", remark)),
      ...children,
    );

  /* A figure: its words, how many, how much. Pressed, it opens the list of just these. */
  function figure(name, label, { count, amount_minor }, open, more = "") {
    return d.el(
      "button",
      { type: "button", class: `figure ${more}`, "data-figure": name, "data-count": count, onclick: open },
      d.el("span", { class: "figure-label" }, label),
      d.el("span", { class: "figure-count" }, d.count(count)),
      d.el("span", { class: "figure-amount" }, d.money(amount_minor, d.currency)),
    );
  }

  function todayPanel({ calls, per_collector, to_release, approvals, blocked }) {
    const list = (name, word, said, list, query, more) =>
      figure(name, word, said, () => d.openList(list, word, query, said.count), more);
    const rest = (rows, most, name, listName, query) =>
      rows.length > most &&
      d.el(
        "button",
        {
          type: "button",
          class: "link more",
          "data-figure": name,
          onclick: () => d.openList(listName, d.t(`list_${listName}`), query),
        },
        d.t("n_more", { n: rows.length - most }),
      );
    return panel(
      "nav_today",
      null,
      list("calls", d.t("calls"), calls, "worklist", { flag: "reached" }, "lead"),
      (per_collector || [])
        .slice(0, COLLECTORS)
        .map((row) =>
          list(
            "collector",
            row.collector || d.t("nobody"),
            row,
            "worklist",
            { flag: "reached", collector: row.collector },
            "sub",
          ),
        ),
      per_collector &&
        rest(per_collector, COLLECTORS, "collectors", "worklist", { flag: "reached", sort: "collector" }),
      list("to_release", d.t("to_release"), to_release, "actions", { flag: "to_release" }),
      list("approvals", d.t("approvals"), approvals, "actions", { flag: "waiting" }),
      d.el("h4", null, d.t("blocked_by_cause")),
      blocked.length
        ? blocked
            .slice(0, CAUSES)
            .map((row) =>
              figure(
                "blocked",
                d.sentence(row.cause, "block"),
                row,
                () => d.openList("actions", d.t("blocked_by_cause"), { cause: row.cause }, row.count),
                "sub",
              ),
            )
        : d.el("p", { class: "empty" }, d.t("none_blocked")),
      rest(blocked, CAUSES, "blocked_more", "actions", { status: "blocked" }),
    );
  }

  function cashPanel({ weeks }) {
    const shown = weeks.slice(0, 2);
    const most = Math.max(
      1,
      ...shown.flatMap((week) => [week.p90_minor, week.due_minor, week.said_before_minor || 0]),
    );
    return panel(
      "cash_expected",
      d.t("band_said"),
      shown.map((week, at) => cashWeek(week, at, most)),
      shown.length === 0 && d.el("p", { class: "empty" }, d.t("nothing_here")),
    );
  }

  function cashWeek(week, at, most) {
    const title = d.t(at ? "next_week" : "this_week");
    const percent = (minor) => `${(100 * minor) / most}%`;
    const band = d.el(
      "span",
      { class: "span", "aria-hidden": "true" },
      d.el("span", {
        class: "band",
        place: { left: percent(week.p10_minor), width: percent(week.p90_minor - week.p10_minor) },
      }),
      d.el("span", { class: "mark", place: { left: percent(week.expected_minor) } }),
      d.el("span", { class: "due-mark", place: { left: percent(week.due_minor) } }),
    );
    const amount = (minor) => d.money(minor, d.currency);
    return d.el(
      "div",
      { class: "week" },
      d.el(
        "button",
        { type: "button", class: "figure lead", "data-figure": "cash", onclick: () => openCash() },
        d.el(
          "span",
          { class: "figure-label" },
          title,
          d.el(
            "span",
            { class: "soft" },
            ` ${d.day(week.due_from, "short")} – ${d.day(week.due_until, "short")}`,
          ),
        ),
        d.el("span", { class: "figure-amount" }, amount(week.expected_minor)),
      ),
      band,
      d.el(
        "p",
        { class: "soft range" },
        d.t("between", { low: amount(week.p10_minor), high: amount(week.p90_minor) }),
      ),
      d.el(
        "button",
        {
          type: "button",
          class: "figure sub",
          "data-figure": "due",
          onclick: () =>
            d.openList("invoices", `${title}: ${d.t("falls_due")}`, {
              due_from: week.due_from,
              due_until: week.due_until,
            }),
        },
        d.el("span", { class: "figure-label due-key" }, d.t("falls_due")),
        d.el("span", { class: "figure-amount" }, amount(week.due_minor)),
      ),
      d.el(
        "button",
        { type: "button", class: "figure sub", "data-figure": "said_before", onclick: () => openCash() },
        d.el("span", { class: "figure-label" }, d.t("said_before")),
        d.el(
          "span",
          { class: "figure-amount" },
          week.said_before_minor === null ? d.t("no_previous") : amount(week.said_before_minor),
        ),
      ),
    );
  }

  const openCash = () =>
    d.openDialog(
      "list",
      d.t("cash_weeks"),
      d.scroll(d.t("cash_weeks"), d.cashTable(d.portfolio().cash.weeks)),
    );

  function changedPanel(changed) {
    const flags = {
      worsened: "worsened",
      new_large_overdue: "new_large_overdue",
      broken_promises: "broken_promise",
      over_limit: "over_limit",
    };
    return panel(
      "what_changed",
      null,
      Object.entries(flags).map(([key, flag]) => {
        const title = d.code("flag", flag);
        return changed[key]
          ? [
              figure(key, title, changed[key], () =>
                d.openList("debtors", title, { flag }, changed[key].count),
              ),
              d.el(
                "p",
                { class: "soft remark" },
                d.t(`${key}_means`, { large: d.money(changed.large_from_minor ?? null, d.currency) }),
              ),
            ]
          : [
              d.el(
                "p",
                { class: "figure flat", "data-figure": key },
                d.el("span", { class: "figure-label" }, title),
                d.el("span", { class: "soft" }, d.t("cannot_tell")),
              ),
              d.el("p", { class: "soft remark" }, d.t(`${key}_unknown`)),
            ];
      }),
    );
  }

  function topPanel({ rows, share, of }) {
    const most = Math.max(1, ...rows.map((row) => row.overdue_minor));
    const columns = [
      { label: d.t("col_debtor"), cell: (row) => d.debtorButton(row) },
      { label: d.t("col_segment"), cell: (row) => d.segmentTag(row.segment) },
      { label: d.t("col_overdue_minor"), class: "n", cell: (row) => d.money(row.overdue_minor, d.currency) },
      {
        label: d.t("col_share"),
        class: "share",
        cell: (row) =>
          d.el(
            "span",
            { class: "of" },
            d.el(
              "span",
              { class: "track", "aria-hidden": "true" },
              d.el("span", { class: "bar", place: { width: `${(100 * row.overdue_minor) / most}%` } }),
            ),
            d.el("span", { class: "n" }, d.share(row.share, 1)),
          ),
      },
      {
        label: d.t("col_oldest_days_past_due"),
        class: "n",
        cell: (row) => d.count(row.oldest_days_past_due),
      },
      { label: d.t("col_mostly"), cell: (row) => (row.mostly === null ? "–" : d.code("ageing", row.mostly)) },
      {
        label: d.t("col_next"),
        class: "next",
        cell: (row) =>
          row.blocked_by
            ? d.el("span", { class: "tag" }, d.sentence(row.blocked_by, "block"))
            : row.next_step
              ? [
                  d.code("step", row.next_step),
                  d.el("span", { class: "soft" }, ` ${d.day(row.next_on, "short")}`),
                ]
              : d.el("span", { class: "soft" }, d.t("none_planned")),
      },
    ];
    const all = d.el(
      "button",
      {
        type: "button",
        class: "link",
        "data-figure": "top_overdue",
        "data-count": of,
        onclick: () => d.openList("debtors", d.t("list_overdue"), { past_due_from: 1 }, of),
      },
      d.t("all_overdue", { n: of }),
    );
    return d.el(
      "div",
      { class: "panel top" },
      d.el(
        "div",
        { class: "panel-head" },
        d.el("h3", null, d.t("top_overdue", { n: rows.length, share: d.share(share) })),
        all,
      ),
      rows.length
        ? d.scroll(
            d.t("top_overdue", { n: rows.length, share: d.share(share) }),
            d.table(d.t("list_overdue"), columns, rows, { class: "data dense" }),
          )
        : d.el("p", { class: "empty" }, d.t("nothing_overdue")),
    );
  }
})(debtscape);
