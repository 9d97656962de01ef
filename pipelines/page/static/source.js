/* Where the page has its data from: the file it stands in, or the server it came from. Both answer alike. */
"use strict";

(function (d) {
  const TOKEN = "debtscape.token";

  /* Thrown when the server asks who is there. */
  d.SignInNeeded = class extends Error {};

  d.makeSource = function () {
    const block = document.getElementById("debtscape-data");
    return block ? fromFile(JSON.parse(block.textContent)) : fromServer();
  };

  /* ---- the file: everything is here; a cut list says of how many rows (`of`) ---- */

  function fromFile(data) {
    const opened = {};
    const part = (name) => (opened[name] ||= unpacked(data[name]));
    const rowsOf = async (name) => {
      const list = (await part("lists"))[name];
      list.decoded ||= list.rows.map((row) =>
        Object.fromEntries(list.columns.map((column, at) => [column, row[at]])),
      );
      return list;
    };
    return {
      offline: true,
      words: async (language) => data.words[language],
      views: async () => data.views,
      card: async (id) => {
        const cards = await part("cards");
        return Object.hasOwn(cards, id) ? { as_of: data.views.run.as_of, ...cards[id] } : null;
      },
      rows: async (name, query) => {
        const list = await rowsOf(name);
        const kept = sorted(
          list.decoded.filter((row) => keeps(row, query)),
          query.sort,
        );
        const from = query.offset || 0;
        const rows = kept.slice(from, from + (query.limit || 100));
        return { total: kept.length, rows, held: list.rows.length, of: list.total };
      },
    };
  }

  /* Lists and cards are deflated in the file: the browser opens them when the first one is asked for. */
  async function unpacked(letters) {
    if (!("DecompressionStream" in window)) throw new Error(d.t("old_browser"));
    const bytes = Uint8Array.from(atob(letters), (letter) => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).json();
  }

  function keeps(row, query) {
    const between = (value, from, until) =>
      (from === undefined && until === undefined) ||
      (value !== null && (from === undefined || value >= from) && (until === undefined || value <= until));
    const pastDue = row.days_past_due ?? row.oldest_days_past_due ?? null;
    const name = (query.q || "").toLowerCase();
    return (
      ["currency", "company_code", "segment", "collector", "cause", "status", "source"].every(
        (key) => !query[key] || row[key] === query[key],
      ) &&
      (!query.flag || row[query.flag] === true) &&
      (!name || `${row.customer_id}\n${row.name || ""}`.toLowerCase().includes(name)) &&
      between(pastDue, query.past_due_from, query.past_due_until) &&
      between(row.due_on ?? null, query.due_from, query.due_until)
    );
  }

  function sorted(rows, by) {
    if (!by) return rows;
    const key = by.replace("-", "");
    const sign = by.startsWith("-") ? -1 : 1;
    return [...rows].sort((one, other) => {
      const [a, b] = [one[key], other[key]];
      if (a === b) return 0;
      if (a === null || b === null) return a === null ? 1 : -1;
      return (a < b ? -1 : 1) * sign;
    });
  }

  /* ---- the server: every answer needs a token, kept until the browser's tab is closed ---- */

  function fromServer() {
    const asked = async (path, options = {}) => {
      const token = sessionStorage.getItem(TOKEN);
      if (!token) throw new d.SignInNeeded();
      const headers = { ...options.headers, Authorization: `Bearer ${token}` };
      const answer = await fetch(path, { ...options, headers, cache: "no-cache" });
      if (answer.status === 401) {
        sessionStorage.removeItem(TOKEN);
        throw new d.SignInNeeded(d.t("token_refused"));
      }
      if (answer.status === 404) return null;
      const said = await answer.json().catch(() => ({}));
      if (!answer.ok)
        throw new Error((said.error && said.error.message) || d.t("server_said", { status: answer.status }));
      return said;
    };
    return {
      offline: false,
      signIn: (token) => sessionStorage.setItem(TOKEN, token),
      signOut: () => sessionStorage.removeItem(TOKEN),
      words: async (language) => (await fetch(`static/words.${language}.json`)).json(),
      views: async () => {
        const views = await asked("v1/page");
        if (!views) throw new Error(d.t("no_run"));
        return views;
      },
      card: (id) => asked(`v1/debtors/${encodeURIComponent(id)}`),
      rows: async (name, query) => {
        const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
        const page = await asked(`v1/page/lists/${name}?${new URLSearchParams(given)}`);
        if (page.run_id && d.runSeen) d.runSeen(page.run_id);
        return page;
      },
      decide: (decision) =>
        asked("v1/decisions", {
          method: "POST",
          headers: { "Content-Type": "application/json" },
          body: JSON.stringify(decision),
        }),
    };
  }
})(debtscape);
