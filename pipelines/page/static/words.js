/* The language of the page: its words, its codes in words, and numbers, money and days as people there write them. */
"use strict";

(function (d) {
  const LOCALES = { en: "en-GB", nl: "nl-NL", de: "de-DE", fr: "fr-FR" };
  d.LANGUAGES = { nl: "Nederlands", de: "Deutsch", fr: "Français", en: "English" };
  const DAYS = {
    full: { day: "numeric", month: "short", year: "numeric" },
    short: { day: "numeric", month: "short" },
    month: { month: "short", year: "numeric" },
  };
  const KEPT = "debtscape.language";
  let words = {};
  let locale = LOCALES.en;
  let digits = {};

  d.wantedLanguage = function () {
    const wanted = [kept(), ...(navigator.languages || [])].map((name) => String(name || "").slice(0, 2));
    return wanted.find((name) => name in LOCALES) || "en";
  };

  function kept() {
    try {
      return localStorage.getItem(KEPT);
    } catch {
      return null;
    } // a file may not be allowed to keep things
  }

  d.speak = async function (language) {
    words = await d.source.words(language);
    locale = LOCALES[language];
    d.language = language;
    document.documentElement.lang = language;
    try {
      localStorage.setItem(KEPT, language);
    } catch {
      /* then it is asked anew */
    }
  };

  d.useMinorDigits = (given) => {
    digits = given;
  };

  /* The words of a key; {name} becomes values.name, and values.n chooses between one and other. */
  d.t = function (key, values = {}) {
    let text = words[key];
    if (text === undefined) throw new Error(`no words for ${key}`);
    if (typeof text === "object")
      text = text[new Intl.PluralRules(locale).select(values.n) === "one" ? "one" : "other"];
    return text.replace(/\{(\w+)\}/g, (_, name) => (name === "n" ? d.decimal(values.n) : values[name]));
  };

  const coded = (kind, code) => (words.codes[kind] || {})[code];

  /* A code in words; one that has none (a step or a rule of your own) is shown as it is. */
  d.code = (kind, code) => coded(kind, code) || String(code).replaceAll("_", " ");

  /* What a language or a region is called here; its code where that is none. */
  d.named = function (type, code) {
    try {
      return new Intl.DisplayNames(locale, { type }).of(code);
    } catch {
      return code;
    }
  };

  /* A sentence of the run. Its leading codes ("insolvent: since …; hold: …") are translated, the rest is English. */
  d.sentence = function (text, kind) {
    if (text === null || text === undefined || text === "") return null;
    if (!kind) return d.el("span", { lang: "en" }, text);
    if (coded(kind, text)) return coded(kind, text);
    return String(text)
      .split("; ")
      .map((part, at) => {
        const [, code, rest] = part.match(/^(\w+): (.*)$/s) || [];
        const between = at ? "; " : "";
        if (!code || !coded(kind, code)) return d.el("span", { lang: "en" }, between + part);
        return [between + coded(kind, code) + ": ", d.el("span", { lang: "en" }, rest)];
      })
      .flat();
  };

  const number = (options) => new Intl.NumberFormat(locale, options);
  d.count = (value) => number({ maximumFractionDigits: 0 }).format(value);
  d.decimal = (value, places = 1) =>
    value === null ? "–" : number({ maximumFractionDigits: places }).format(value);
  d.share = (value, places = 0) =>
    value === null ? "–" : number({ style: "percent", maximumFractionDigits: places }).format(value);

  /* Money of whole minor units; exact = with its minor digits. */
  d.money = function (minor, currency, exact = false) {
    if (minor === null || minor === undefined) return "–";
    const places = digits[currency] ?? 2;
    const shown = exact ? places : 0;
    const options = { minimumFractionDigits: shown, maximumFractionDigits: shown };
    const value = minor / 10 ** places;
    return /^[A-Z]{3}$/.test(currency)
      ? number({ style: "currency", currency, currencyDisplay: "narrowSymbol", ...options }).format(value)
      : `${number(options).format(value)} ${currency}`;
  };

  /* Money on the axis of a chart: short. */
  d.shortMoney = (minor, currency) =>
    number({ notation: "compact", maximumFractionDigits: 1 }).format(minor / 10 ** (digits[currency] ?? 2));

  d.day = function (iso, style = "full") {
    if (!iso) return "–";
    return new Intl.DateTimeFormat(locale, { ...DAYS[style], timeZone: "UTC" }).format(
      new Date(`${iso.slice(0, 10)}T00:00:00Z`),
    );
  };
  d.moment = (iso) => Date.parse(`${iso.slice(0, 10)}T00:00:00Z`);
  d.isoDay = (moment) => new Date(moment).toISOString().slice(0, 10);
  d.days = (n) => (n === null || n === undefined ? "–" : d.t("n_days", { n }));
})(debtscape);
