// Sets the theme before the first paint, so that nothing flashes. Never changes it later: that is src/theme.ts.
(function () {
  var theme = null;
  try {
    theme = localStorage.getItem("spanlake.theme");
  } catch {
    // Storage may be forbidden; the system's choice is used then.
  }
  if (theme !== "light" && theme !== "dark") {
    theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  }
  document.documentElement.dataset.theme = theme;
})();
