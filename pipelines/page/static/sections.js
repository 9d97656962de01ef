/* Below the first screen: one section after the other. */
"use strict";

(function (d) {
  d.SECTIONS = ["today", "figures", "segments", "concentration", "cash", "worklist", "reliability"];

  d.sections = (views, portfolio) => [
    section("figures", d.figuresTable(portfolio.figures), d.ageing(portfolio.ageing)),
    section("segments", d.segmentsTable(portfolio.segments), d.flow(portfolio.flow)),
    section("concentration", d.pareto(portfolio.pareto)),
    section("cash", d.cash(portfolio.cash)),
    section("worklist", d.listView("worklist", { currency: d.currency })),
    section("reliability", d.reliability(views.reliability)),
  ];

  const section = (name, ...children) =>
    d.el(
      "section",
      { id: name, "aria-labelledby": `${name}-title` },
      d.el("h2", { id: `${name}-title` }, d.t(`nav_${name}`)),
      d.el("p", { class: "lead" }, d.t(`${name}_lead`)),
      ...children,
    );
})(debtscape);
