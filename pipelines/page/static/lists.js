/* The lists behind the figures: their columns, their order, pages of rows. */
"use strict";

(function (d) {
  const PAGE = 25;

  const money = (key) => ({ key, class: "n", cell: (row) => d.money(row[key], row.currency, true) });
  const days = (key) => ({ key, class: "n", cell: (row) => (row[key] === null ? "–" : d.count(row[key])) });
  const day = (key) => ({ key, class: "day", cell: (row) => d.day(row[key]) });
  const code = (key, kind) => ({ key, cell: (row) => (row[key] === null ? "–" : d.code(kind, row[key])) });
  const blocked = {
    key: "blocked_by",
    class: "wide",
    cell: (row) => d.sentence(row.blocked_by, "block"),
    optional: true,
  };
  const reason = {
    key: "reason",
    class: "wide",
    cell: (row) => [
      d.sentence(row.reason),
      row.blocked_by &&
        d.el("span", { class: "id" }, d.t("col_blocked_by"), ": ", d.sentence(row.blocked_by, "block")),
    ],
  };
  const segment = { key: "segment", cell: (row) => d.segmentTag(row.segment) };
  const debtor = { key: "customer_id", word: "debtor", cell: (row) => d.debtorButton(row) };
  const plain = (key) => ({ key, class: "short", cell: (row) => row[key] ?? "–", optional: true });

  /* Of each list: its columns, by what it is sorted, and what it can be narrowed by. */
  const LISTS = {
    debtors: {
      columns: [
        debtor,
        plain("company_code"),
        segment,
        money("overdue_minor"),
        money("net_overdue_minor"),
        money("open_minor"),
        money("expected_late_minor"),
        days("oldest_days_past_due"),
        code("next_step", "step"),
        day("next_on"),
        blocked,
      ],
      sort: "-overdue_minor",
      filters: ["q", "segment", "debtor_flag"],
    },
    worklist: {
      columns: [
        { key: "rank", class: "n", cell: (row) => d.count(row.rank) },
        plain("collector"),
        debtor,
        plain("company_code"),
        segment,
        code("cause", "cause"),
        {
          key: "why",
          class: "wide",
          cell: (row) => [
            d.sentence(row.why),
            d.el("span", { class: "id" }, d.sentence(row.suggested_approach)),
          ],
        },
        money("overdue_minor"),
        days("oldest_days_past_due"),
        day("promised_for"),
        day("last_contact_on"),
        money("expected_value_minor"),
      ],
      sort: "rank",
      filters: ["q", "cause", "segment", "collector", "reached"],
    },
    actions: {
      columns: [
        debtor,
        code("step", "step"),
        code("channel", "channel"),
        plain("collector"),
        day("send_on"),
        day("valid_until"),
        money("overdue_minor"),
        money("net_overdue_minor"),
        code("status", "status"),
        reason,
      ],
      sort: "-overdue_minor",
      filters: ["q", "status"],
    },
    invoices: {
      columns: [
        { key: "invoice_id", word: "invoice", cell: (row) => row.invoice_id },
        debtor,
        day("issued_on"),
        day("due_on"),
        money("open_minor"),
        days("days_past_due"),
        { key: "p_late", class: "n", cell: (row) => d.share(row.p_late) },
        day("paid_on_p10"),
        day("paid_on_p50"),
        day("paid_on_p90"),
        code("source", "source"),
        code("step", "step"),
        day("send_on"),
        reason,
      ],
      sort: "-open_minor",
      filters: ["q", "ageing"],
    },
  };

  d.debtorButton = (row) =>
    d.el(
      "button",
      { type: "button", class: "debtor", onclick: () => d.openCard(row.customer_id) },
      row.name || row.customer_id,
      row.name && d.el("span", { class: "id" }, row.customer_id),
    );

  d.segmentTag = (segment) =>
    segment === null || segment === undefined
      ? "–"
      : d.el(
          "span",
          { class: `segment s-${/^[A-G]$/.test(segment) ? segment : "other"}` },
          d.code("segment", segment),
        );

  /* Opens the list that a figure counts. count: what the figure says, shown where the file holds fewer rows. */
  d.openList = function (name, title, query, count) {
    const view = d.listView(name, { currency: d.currency, ...query }, { count, filters: false });
    return d.openDialog("list", title, view);
  };

  /* The element of a list: filters (unless left out), how many rows, the table, the pager. */
  d.listView = function (name, query, { filters = true, count, title = d.t(`list_${name}`) } = {}) {
    const list = LISTS[name];
    const state = { ...query, sort: query.sort || list.sort, offset: 0, limit: PAGE };
    const said = d.el("p", { class: "list-said", "aria-live": "polite" });
    const place = d.el("div", { class: "rows" });
    const pager = d.el("nav", { class: "pager", "aria-label": d.t("pages") });
    const load = d.latest(
      () => d.source.rows(name, state),
      show,
      (error) => d.replace(said, d.trouble(error)),
    );

    function show(page) {
      const kept = document.activeElement?.dataset.keep;
      for (const row of page.rows) if (row.collector) d.collectors.add(row.collector);
      d.replace(said, summary(page));
      const columns = list.columns.filter(
        (column) => !column.optional || page.rows.some((row) => row[column.key] != null),
      );
      if (!d.source.offline && name === "actions" && page.rows.some((row) => row.waiting))
        columns.push(d.deciding(load));
      const table = d.table(
        title,
        columns.map((column) => headed(column, state, load)),
        page.rows,
        {
          class: "data",
          headAt: Math.max(
            0,
            columns.findIndex((column) => column === debtor),
          ),
        },
      );
      d.replace(
        place,
        page.rows.length ? d.scroll(title, table) : d.el("p", { class: "empty" }, d.t("nothing_here")),
      );
      showPager(page);
      if (kept) root.querySelector(`[data-keep="${kept}"]:enabled`)?.focus();
    }

    function summary(page) {
      const all = Math.max(count ?? 0, page.total);
      const cut = page.of !== undefined && page.held < page.of;
      const last = Math.min(state.offset + state.limit, page.total);
      const parts = [
        page.total
          ? d.t("rows_of", {
              from: d.count(state.offset + 1),
              until: d.count(last),
              total: d.count(page.total),
            })
          : d.t("no_rows"),
      ];
      if (all > page.total) parts.push(d.t("figure_counts", { total: d.count(all) }));
      if (cut) parts.push(d.t("file_holds", { held: d.count(page.held), of: d.count(page.of) }));
      return parts.join(" · ");
    }

    function showPager(page) {
      const step = (by) => () => {
        state.offset += by * state.limit;
        load();
        place.scrollIntoView({ block: "nearest" });
      };
      const turn = (word, by, off) =>
        d.el("button", { type: "button", "data-keep": word, disabled: off, onclick: step(by) }, d.t(word));
      d.replace(
        pager,
        turn("page_before", -1, state.offset === 0),
        turn("page_next", 1, state.offset + state.limit >= page.total),
      );
      pager.hidden = page.total <= state.limit;
    }

    load();
    const form =
      filters &&
      d.filterForm(list.filters, state, () => {
        state.offset = 0;
        load();
      });
    const root = d.el("div", { class: "list-view" }, form, said, place, pager);
    return root;
  };

  /* Of several questions asked one after another only the newest answer is shown. */
  d.latest = function (ask, show, fail) {
    let asked = 0;
    return async () => {
      const mine = ++asked;
      try {
        const answer = await ask();
        if (mine === asked) show(answer);
      } catch (error) {
        if (error instanceof d.SignInNeeded) d.signIn(error.message);
        else if (mine === asked) fail(error);
      }
    };
  };

  d.trouble = (error) =>
    d.el(
      "span",
      { class: "trouble", role: "alert" },
      d.t("went_wrong"),
      " ",
      d.el("span", { lang: "en" }, error.message),
    );

  function headed(column, state, load) {
    const label = d.t(`col_${column.word || column.key}`);
    if (column.fixed) return { ...column, label };
    const down = state.sort === `-${column.key}`;
    const up = state.sort === column.key;
    const turn = () => {
      state.sort = down ? column.key : `-${column.key}`;
      state.offset = 0;
      load();
    };
    const mark = d.el("span", { class: "mark", "aria-hidden": "true" }, down ? " ↓" : up ? " ↑" : "");
    const head = d.el(
      "button",
      { type: "button", class: "sort", "data-keep": column.key, onclick: turn },
      label,
      mark,
    );
    return { ...column, label, head, sorted: down ? "descending" : up ? "ascending" : null };
  }
})(debtscape);
