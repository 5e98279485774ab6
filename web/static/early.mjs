// Loaded before anything is shown, as a classic script: the theme that was chosen here, and what to say when the page fails.

(() => {
  const fail = (/** @type {string} */ text) => {
    Object.assign(window, { failure: text });
    const stage = document.querySelector("#stage");
    if (stage) stage.textContent = `The page stopped: ${text}`;
  };
  addEventListener(
    "error",
    (event) => fail(event.message || `cannot load ${/** @type {any} */ (event.target)?.src}`),
    true,
  );
  addEventListener("unhandledrejection", (event) => fail(String(event.reason)));
  try {
    const theme = localStorage.getItem("pyjsapi.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // A browser that keeps nothing for this page: it follows the system.
  }
})();
