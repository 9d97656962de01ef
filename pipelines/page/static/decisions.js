/* Approving and refusing what waits for a person, with a reason. */
"use strict";

(function (d) {
  /* What was decided here since the page was opened: the run only knows it from the next day on. */
  const decided = new Map();

  d.deciding = (load) => ({
    key: "decision",
    fixed: true,
    class: "deciding",
    cell: (row) =>
      decided.has(row.action_id)
        ? d.code("status", decided.get(row.action_id))
        : row.waiting &&
          [true, false].map((approved) =>
            d.el(
              "button",
              {
                type: "button",
                class: approved ? "approve" : "refuse",
                onclick: () => askReason(row, approved, load),
              },
              d.t(approved ? "approve" : "refuse"),
            ),
          ),
  });

  function askReason(row, approved, load) {
    const external_id = `page-${[...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
    const reason = d.el("textarea", { required: true, maxlength: "500", rows: "3" });
    const said = d.el("p", { "aria-live": "polite" });
    const send = async (event) => {
      event.preventDefault();
      try {
        await d.source.decide({
          external_id,
          customer_id: row.customer_id,
          action_id: row.action_id,
          approved,
          reason: reason.value.trim(),
        });
        decided.set(row.action_id, approved ? "approved" : "refused");
        d.replace(form, d.el("p", { class: "done", role: "status" }, d.t("decision_kept")));
        load();
      } catch (error) {
        if (error instanceof d.SignInNeeded) d.signIn(error.message);
        else d.replace(said, d.trouble(error));
      }
    };
    const form = d.el(
      "form",
      { class: "decide", onsubmit: send },
      d.el(
        "p",
        null,
        `${row.name || row.customer_id} · ${d.code("step", row.step)} · ${d.money(row.overdue_minor, row.currency, true)}`,
      ),
      d.el("p", { class: "soft" }, d.sentence(row.reason)),
      d.el("label", null, d.t("decision_reason"), reason),
      said,
      d.el(
        "button",
        { type: "submit", class: approved ? "approve" : "refuse" },
        d.t(approved ? "approve" : "refuse"),
      ),
    );
    d.openDialog("small", d.t(approved ? "approve_title" : "refuse_title"), form);
    reason.focus();
  }
})(debtscape);
