/* A chart: drawn when it comes into sight, said in words, and to be had as a table. */
"use strict";

(function (d) {
  const drawn = new Set();

  /* The colours of the style sheet, so that a chart is light and dark with the page. */
  d.colours = function () {
    const style = getComputedStyle(document.documentElement);
    const of = (name) => style.getPropertyValue(`--${name}`).trim();
    return {
      ink: of("ink"),
      soft: of("soft"),
      line: of("line"),
      paper: of("paper"),
      accent: of("accent"),
      band: of("band"),
      due: of("due"),
      segments: { A: of("c0"), B: of("c1"), C: of("c2"), D: of("c3"), E: of("c4"), F: of("c4"), G: of("c4") },
      other: of("other"),
    };
  };

  d.segmentColour = (segment, colours = d.colours()) => colours.segments[segment] || colours.other;

  /* label: what the chart shows, in a sentence; option: colours => ECharts option; table: () => element. */
  d.chart = function ({ label, option, table, height = 300, onclick }) {
    const place = d.el("div", {
      class: "chart",
      role: "img",
      "aria-label": label,
      place: { height: `${height}px` },
    });
    const tableAt = d.el("div", { class: "chart-table", hidden: true });
    const button = d.el(
      "button",
      { type: "button", class: "quiet", "aria-expanded": "false", onclick: () => toggle() },
      d.t("as_table"),
    );

    function toggle() {
      const open = tableAt.hidden;
      if (open && !tableAt.firstChild) tableAt.append(d.scroll(label, table()));
      tableAt.hidden = !open;
      place.hidden = open;
      button.setAttribute("aria-expanded", String(open));
      button.textContent = d.t(open ? "as_chart" : "as_table");
    }

    const entry = { place, draw };
    let picture = null;
    function draw() {
      if (!place.isConnected || place.hidden) return;
      if (!picture) {
        picture = echarts.init(place, null, { renderer: "svg" });
        if (onclick) picture.on("click", onclick);
        new ResizeObserver(() => place.isConnected && picture.resize()).observe(place);
        drawn.add(entry);
      }
      picture.setOption({ ...base(d.colours()), ...option(d.colours()) }, true);
    }

    const seen = new IntersectionObserver(
      (entries) => {
        if (!entries.some((seenEntry) => seenEntry.isIntersecting)) return;
        seen.disconnect();
        draw();
      },
      { rootMargin: "200px" },
    );
    seen.observe(place);
    addEventListener("beforeprint", () => picture || draw());
    return d.el("figure", null, place, tableAt, button);
  };

  const base = (colours) => ({
    animation: false,
    textStyle: { fontFamily: "system-ui, sans-serif", color: colours.soft },
  });

  /* The look of an axis; more is laid over it. */
  d.axis = (colours, more = {}) => ({
    axisLine: { lineStyle: { color: colours.line } },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: colours.line } },
    axisLabel: { color: colours.soft, fontSize: 11 },
    nameTextStyle: { color: colours.soft, fontSize: 11 },
    ...more,
  });

  // both axes from 0 to 1, with their names
  d.shareAxes = (colours, across, up) => {
    const axis = (name, place) =>
      d.axis(colours, {
        type: "value",
        max: 1,
        name,
        ...place,
        axisLabel: { color: colours.soft, fontSize: 11, formatter: (value) => d.share(value) },
      });
    return {
      grid: { left: 48, right: 24, top: 28, bottom: 40 },
      xAxis: axis(across, { nameLocation: "middle", nameGap: 26 }),
      yAxis: axis(up, { nameTextStyle: { align: "left", color: colours.soft } }),
    };
  };

  /* Tooltips are drawn as rich text, never as HTML: a name in them cannot be a script. */
  d.tooltip = (colours, formatter, trigger = "item") => ({
    renderMode: "richText",
    trigger,
    formatter,
    confine: true,
    backgroundColor: colours.paper,
    borderColor: colours.line,
    textStyle: { color: colours.ink, fontSize: 12 },
  });

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const entry of drawn) entry.place.isConnected ? entry.draw() : drawn.delete(entry);
  });
})(debtscape);
