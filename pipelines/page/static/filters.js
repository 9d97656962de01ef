/* What a list can be narrowed by. */
"use strict";

(function (d) {
  d.AGEING = {
    on_time: { past_due_until: 0 },
    "1_30": { past_due_from: 1, past_due_until: 30 },
    "31_60": { past_due_from: 31, past_due_until: 60 },
    "61_90": { past_due_from: 61, past_due_until: 90 },
    over_90: { past_due_from: 91 },
  };
  const FLAGS = ["worsened", "new_large_overdue", "broken_promise", "over_limit"];
  const CAUSES = [
    "broken_promise",
    "returned_debit",
    "insolvency",
    "over_limit",
    "silence",
    "expected_value",
  ];
  const STATUSES = ["proposed", "needs_approval", "blocked", "waiting_for_bank"];

  /* Collectors met in rows so far: what may be typed, without asking who works here. */
  d.collectors = new Set();

  d.filterForm = function (names, state, changed) {
    const labelled = (word, input) =>
      d.el("label", { class: "filter" }, d.el("span", null, d.t(word)), input);
    const typed = (key, word, type = "text", offered = null) => {
      let wait;
      const offers = offered && d.el("datalist", { id: `offered-${key}` });
      const input = d.el("input", {
        type,
        autocomplete: "off",
        list: offers && offers.id,
        onfocus: () =>
          offers &&
          d.replace(
            offers,
            [...offered].sort().map((value) => d.el("option", { value })),
          ),
        oninput: () => {
          clearTimeout(wait);
          wait = setTimeout(() => {
            state[key] = input.value.trim() || undefined;
            changed();
          }, 250);
        },
      });
      return labelled(word, [input, offers]);
    };
    const chosen = (word, options, apply) => {
      const select = d.el(
        "select",
        {
          onchange: () => {
            apply(select.value || undefined);
            changed();
          },
        },
        d.el("option", { value: "" }, d.t("all")),
        options.map(([value, shown]) => d.el("option", { value }, shown)),
      );
      return labelled(word, select);
    };
    const coded = (codes, kind) => codes.map((one) => [one, d.code(kind, one)]);
    const segments = () => d.portfolio().segments.map((row) => row.segment);
    const made = {
      q: () => typed("q", "filter_debtor", "search"),
      collector: () => typed("collector", "col_collector", "text", d.collectors),
      segment: () =>
        chosen("col_segment", coded(segments(), "segment"), (value) => {
          state.segment = value;
        }),
      cause: () =>
        chosen("col_cause", coded(CAUSES, "cause"), (value) => {
          state.cause = value;
        }),
      status: () =>
        chosen("col_status", coded(STATUSES, "status"), (value) => {
          state.status = value;
        }),
      debtor_flag: () =>
        chosen("filter_changed", coded(FLAGS, "flag"), (value) => {
          state.flag = value;
        }),
      reached: () =>
        chosen("filter_reached", [["reached", d.t("only_reached")]], (value) => {
          state.flag = value;
        }),
      ageing: () =>
        chosen("filter_ageing", coded(Object.keys(d.AGEING), "ageing"), (value) =>
          Object.assign(state, { past_due_from: undefined, past_due_until: undefined }, d.AGEING[value]),
        ),
    };
    return d.el(
      "form",
      { class: "filters", role: "search", onsubmit: (event) => event.preventDefault() },
      names.map((name) => made[name]()),
    );
  };
})(debtscape);
