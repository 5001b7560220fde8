// Sets the theme before the first paint, so that nothing flashes. Never changes it later: that is src/theme.ts.
(function () {
  var theme = null;
  try {
    theme = localStorage.getItem("spanlake.theme");
  } catch {
    // Storage may be forbidden; the system's choice is used then.
  }
  // Inside another page its theme comes first: src/embedded.ts.
  var asked = new URLSearchParams(location.search);
  if (asked.get("embed") === "1" && /^(light|dark)$/.test(asked.get("theme") || "")) theme = asked.get("theme");
  if (theme !== "light" && theme !== "dark") {
    theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }
  document.documentElement.dataset.theme = theme;
})();
