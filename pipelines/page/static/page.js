/* Puts the page together: header, search, language and currency, signing in, and the note that a newer run is there. */
"use strict";

(function (d) {
  const ASK_AGAIN_MS = 120000;
  const main = () => document.getElementById("main");
  let views = null;

  d.portfolio = () => views.portfolios[d.currency];

  async function start() {
    d.source = d.makeSource();
    await d.speak(d.wantedLanguage());
    await load();
    if (d.source.offline) return;
    setInterval(lookForNewerRun, ASK_AGAIN_MS);
    addEventListener("focus", lookForNewerRun);
  }

  async function load() {
    await d.latest(
      d.source.views,
      (given) => {
        views = given;
        d.useMinorDigits(views.minor_digits);
        if (!views.currencies.includes(d.currency)) d.currency = views.currencies[0];
        draw();
      },
      (error) => d.replace(main(), d.trouble(error)),
    )();
  }

  function draw() {
    document.title = d.t("title", { day: d.day(views.run.as_of) });
    document.getElementById("skip").textContent = d.t("skip");
    d.replace(document.getElementById("head"), header());
    const portfolio = d.portfolio();
    d.replace(
      main(),
      d.statusStrip(views),
      portfolio
        ? [d.firstScreen(portfolio), d.sections(views, portfolio)]
        : d.el("p", { class: "empty" }, d.t("nothing_open")),
    );
    d.replace(
      document.getElementById("foot"),
      d.t("run"),
      " ",
      d.el("code", null, views.run.run_id),
      " · ",
      d.t("nothing_is_sent"),
    );
    document.body.dataset.ready = "yes";
    watchSections();
  }

  function header() {
    const { run } = views;
    const links = d.SECTIONS.map((name) => d.el("a", { href: `#${name}` }, d.t(`nav_${name}`)));
    const choose = (word, options, chosen, change) =>
      d.el(
        "select",
        { "aria-label": d.t(word), onchange: (event) => change(event.target.value) },
        options.map(([value, shown]) => d.el("option", { value, selected: value === chosen }, shown)),
      );
    const languages = choose("language", Object.entries(d.LANGUAGES), d.language, async (language) => {
      await d.speak(language);
      draw();
    });
    const currencies =
      views.currencies.length > 1 &&
      choose(
        "currency",
        views.currencies.map((code) => [code, code]),
        d.currency,
        (code) => {
          d.currency = code;
          draw();
        },
      );
    const signOut =
      !d.source.offline &&
      d.el(
        "button",
        {
          type: "button",
          class: "quiet",
          onclick: () => {
            d.source.signOut();
            location.reload();
          },
        },
        d.t("sign_out"),
      );
    return [
      d.el(
        "h1",
        null,
        "debtscape",
        d.el("span", { class: "unseen" }, `, ${d.t("as_of")} ${d.day(run.as_of)}`),
      ),
      d.el("nav", { "aria-label": d.t("parts") }, links),
      d.el("div", { class: "tools" }, search(), currencies, languages, signOut),
      d.el("p", { id: "newer", role: "status" }),
    ];
  }

  function search() {
    const found = d.el("input", {
      type: "search",
      placeholder: d.t("search"),
      "aria-label": d.t("search"),
      autocomplete: "off",
    });
    const look = (event) => {
      event.preventDefault();
      const q = found.value.trim();
      if (q) d.openDialog("list", d.t("found", { q }), d.listView("debtors", { q }, { filters: false }));
    };
    return d.el("form", { role: "search", class: "search", onsubmit: look }, found);
  }

  /* The link of the section that is in sight is marked. */
  let watching = null;
  function watchSections() {
    if (watching) watching.disconnect();
    const link = (id) => document.querySelector(`#head nav a[href="#${id}"]`);
    watching = new IntersectionObserver(
      (entries) => {
        for (const entry of entries)
          if (entry.isIntersecting) {
            for (const one of document.querySelectorAll("#head nav a")) one.removeAttribute("aria-current");
            if (link(entry.target.id)) link(entry.target.id).setAttribute("aria-current", "true");
          }
      },
      { rootMargin: "-20% 0px -70% 0px" },
    );
    for (const name of d.SECTIONS)
      if (document.getElementById(name)) watching.observe(document.getElementById(name));
  }

  /* ---- the server's page: signing in, and newer runs ---- */

  d.signIn = function (why) {
    if (document.querySelector("dialog.sign-in")) return;
    for (const open of document.querySelectorAll("dialog")) open.close();
    const token = d.el("input", {
      type: "password",
      required: true,
      autocomplete: "off",
      spellcheck: "false",
    });
    const form = d.el(
      "form",
      {
        onsubmit: (event) => {
          event.preventDefault();
          d.source.signIn(token.value.trim());
          dialog.close();
          load();
        },
      },
      d.el("p", null, d.t("sign_in_how")),
      why && d.el("p", { class: "trouble", role: "alert" }, why),
      d.el("label", null, d.t("token"), token),
      d.el("button", { type: "submit", class: "approve" }, d.t("sign_in")),
    );
    if (!views)
      d.replace(
        main(),
        d.el("button", { type: "button", class: "approve", onclick: () => d.signIn() }, d.t("sign_in")),
      );
    const dialog = d.openDialog("small sign-in", d.t("sign_in"), form);
    token.focus();
  };

  d.runSeen = function (runId) {
    const place = document.getElementById("newer");
    if (!views || !place || runId === views.run.run_id || place.firstChild) return;
    d.replace(
      place,
      d.t("newer_run"),
      " ",
      d.el("button", { type: "button", class: "approve", onclick: load }, d.t("show_it")),
    );
  };

  async function lookForNewerRun() {
    if (!views || document.hidden) return;
    try {
      const newest = await d.source.views();
      d.runSeen(newest.run.run_id);
    } catch (error) {
      if (error instanceof d.SignInNeeded) d.signIn(error.message); // otherwise asked again later
    }
  }

  start();
})(debtscape);
