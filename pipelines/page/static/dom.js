/* Elements, tables and dialogs. Text is only ever set as text: nothing given here is read as HTML. */
"use strict";
const debtscape = {};

(function (d) {
  /* el("td", {class: "n", onclick: open}, "text", otherElement): null and false are left out. */
  d.el = function (tag, attributes, ...children) {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (value === null || value === undefined || value === false) continue;
      if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
      else if (name === "place")
        for (const [key, size] of Object.entries(value)) made.style.setProperty(key, size);
      else made.setAttribute(name, value === true ? "" : String(value));
    }
    return d.fill(made, ...children);
  };

  d.fill = function (element, ...children) {
    for (const child of children.flat(Infinity)) {
      if (child === null || child === undefined || child === false) continue;
      element.append(child instanceof Node ? child : document.createTextNode(String(child)));
    }
    return element;
  };

  d.replace = (element, ...children) => d.fill(Object.assign(element, { textContent: "" }), ...children);

  /* Said where there is nothing to show. */
  d.empty = (word) => d.el("p", { class: "empty" }, d.t(word));

  /* A table with a caption that is read, not seen. columns: [{key, label, class, cell: row => child}]. */
  d.table = function (caption, columns, rows, options = {}) {
    const head = columns.map((column) =>
      d.el(
        "th",
        { scope: "col", class: column.class, "aria-sort": column.sorted },
        column.head || column.label,
      ),
    );
    const body = rows.map((row) =>
      d.el(
        "tr",
        { class: options.rowClass && options.rowClass(row) },
        columns.map((column, at) => {
          const attributes = { class: column.class, "data-label": column.label };
          return at === (options.headAt || 0) && !options.noRowHead
            ? d.el("th", { scope: "row", ...attributes }, column.cell(row))
            : d.el("td", attributes, column.cell(row));
        }),
      ),
    );
    return d.el(
      "table",
      { class: options.class },
      d.el("caption", { class: "unseen" }, caption),
      d.el("thead", null, d.el("tr", null, head)),
      d.el("tbody", null, body),
    );
  };

  /* A table that is wider than its place is scrolled by itself, by keyboard too. */
  d.scroll = (label, table) =>
    d.el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label }, table);

  /* Opens a dialog over the page; Esc, the cross and a click beside it close it, and focus goes back. */
  d.openDialog = function (name, title, content, extra) {
    const heading = d.el("h2", { id: `${name}-title`, tabindex: "-1" }, title);
    const dialog = d.el(
      "dialog",
      { class: name, "aria-labelledby": `${name}-title` },
      d.el(
        "div",
        { class: "dialog-head" },
        d.el("div", { class: "dialog-title" }, heading, extra),
        d.el(
          "button",
          { type: "button", class: "close", "aria-label": d.t("close"), onclick: () => dialog.close() },
          "×",
        ),
      ),
      content,
    );
    const before = document.activeElement;
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (before && before.isConnected) before.focus();
    });
    document.body.append(dialog);
    dialog.showModal();
    heading.focus();
    return dialog;
  };
})(debtscape);
